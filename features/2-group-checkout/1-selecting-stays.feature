Feature: Selecting stays

  The clerk puts stays on the group's list. Each is visited, and from then on
  the group owes what was unpaid.

  Rule: The unpaid balance of a selected stay moves to the group

    Scenario: A wedding party leaves together
      Given these stays:
        | stay | charged | paid  |
        | 101  | 80.00   |       |
        | 102  | 45.50   | 20.00 |
        | 103  | 120.00  |       |
      When the clerk selects stays 101, 102 and 103 for the group
      Then the stays of the group are:
        | stay | outcome | residual |
        | 101  | merged  | 80.00    |
        | 102  | merged  | 25.50    |
        | 103  | merged  | 120.00   |
      And the clerk is asked to settle 225.50 for the group

    Scenario: A stay without a balance brings nothing
      Given these stays:
        | stay | charged | paid  |
        | 101  | 80.00   |       |
        | 102  | 45.50   | 45.50 |
        | 103  |         |       |
      When the clerk selects stays 101, 102 and 103 for the group
      Then the stays of the group are:
        | stay | outcome | residual |
        | 101  | merged  | 80.00    |
        | 102  | merged  | 0.00     |
        | 103  | merged  | 0.00     |

    Scenario: A guest's credit is taken off what the group owes
      Given stay 101 with a balance of 80.00
      And stay 102 with a credit of 30.00
      When the clerk selects stays 101 and 102 for the group
      Then the stays of the group are:
        | stay | outcome | residual |
        | 101  | merged  | 80.00    |
        | 102  | merged  | -30.00   |
      And the balance of the group is 50.00

    @own-reactor
    Scenario: A charge between the selection and the visit moves along
      Given stay 101 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stay 101 for the group
      When the clerk charges 12.50 to stay 101
      And the visits go on
      Then the balance of the group is 92.50

  Rule: Stays can be added until the group is confirmed

    Scenario: A late riser joins the group
      Given stays 101, 102 and 103 with a balance of 80.00
      And the group has taken over stays 101 and 102
      When the clerk selects stay 103 for the group
      Then stays 101, 102 and 103 are merged into the group
      And the balance of the group is 240.00

    Scenario: A stay joins a group that was settled, but not confirmed
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of 80.00 for the group
      When the clerk selects stay 102 for the group
      Then the clerk is asked to settle 80.00 for the group

  Rule: A stay counts once, however often it is selected

    Scenario: A stay that is listed twice in one selection counts once
      Given stays 101 and 102 with a balance of 80.00
      When the clerk selects stays 101, 102, 101 and 101 for the group
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | 101  |        |
        | selected | 102  |        |
        | merged   | 101  | 80.00  |
        | merged   | 102  | 80.00  |

    Scenario: A merged stay that is selected again counts once
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stay 101
      When the clerk selects stays 101 and 102 for the group
      Then the balance of the group is 160.00

    @own-reactor
    Scenario: A stay that is selected again before its visit counts once
      Given stay 101 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stay 101 for the group
      When the clerk selects stay 101 for the group
      And the visits go on
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | 101  |        |
        | merged   | 101  | 80.00  |
