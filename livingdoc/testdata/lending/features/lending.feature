Feature: Lending

  Rule: A book is lent once

    Scenario: It is lent
      Given a book
