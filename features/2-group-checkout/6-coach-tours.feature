@slow
Feature: Coach tours

  A group may be as large as the hotel. The clerk selects a whole coach tour in
  one go, and it is settled like a family of four.

  Rule: A group has no limit to its size

    The outcomes of so many visits are recorded in portions of at most 100, so
    that the clerk sees the group fill up and no single record grows too large.

    Scenario: A coach tour of 1,000 stays leaves together
      Given a coach tour of 1,000 stays with a charge of 12.50 each
      When the clerk selects the whole coach tour for the group
      Then all 1,000 stays of the coach tour are merged into the group
      And the balance of the group is 12,500.00

    @beyond-the-original
    Scenario: The outcomes of 250 visits are recorded in three portions
      Given a coach tour of 250 stays with a charge of 12.50 each
      When the clerk selects the whole coach tour for the group
      Then all 250 stays of the coach tour are merged into the group
      And the history of the group has 4 entries
