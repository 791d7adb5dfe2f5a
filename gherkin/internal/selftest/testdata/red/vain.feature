Feature: Vain
  Each scenario in here passes, and checks nothing.
  When a book is lent, nobody looks.

  Scenario: It ends with an action
    Given 3 books on the shelf
    When a book is lent

  Scenario: Its check is an action
    Given 3 books on the shelf
    Then a book is lent

  Scenario: Its action is a check
    given a book is lent
    Given 0 books are left
    Then 0 books are left

  Scenario: A star hides an action
    * a book is lent
