@slow
Feature: Coach tours

  A group may be as large as the hotel. The clerk selects a whole coach tour in
  one go, and it is settled like a family of four.

  Rule: A thousand stays can leave as one group

    Scenario: A coach tour of 1,000 stays leaves together
      Given a coach tour of 1,000 stays with a charge of 12.50 each
      When the clerk selects the whole coach tour for the group
      Then all 1,000 stays of the coach tour are merged into the group
      And the balance of the group is 12,500.00
      When the clerk takes a payment of 12,500.00 for the group
      And the clerk confirms the group
      Then the group is confirmed
