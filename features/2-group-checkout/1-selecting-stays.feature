Feature: Selecting stays

  The clerk puts stays on the group's list. Each is visited, and from then on
  the group owes what was unpaid.

  Rule: The unpaid balance of a selected stay moves to the group

    Scenario: A wedding party leaves together
      Given these stays:
        | stay  | charged | paid  |
        | Anna  | 80.00   |       |
        | Ben   | 45.50   | 20.00 |
        | Carla | 120.00  |       |
      When the clerk selects the stays of Anna, Ben and Carla for the group
      Then the stays of the group are:
        | stay  | outcome | amount   |
        | Anna  | merged  | 80.00    |
        | Ben   | merged  | 25.50    |
        | Carla | merged  | 120.00   |
      And the clerk is asked to settle 225.50 for the group

    Scenario: A stay with a balance of zero adds nothing
      Given these stays:
        | stay  | charged | paid  |
        | Anna  | 80.00   |       |
        | Ben   | 45.50   | 45.50 |
        | Carla |         |       |
      When the clerk selects the stays of Anna, Ben and Carla for the group
      Then the stays of the group are:
        | stay  | outcome | amount   |
        | Anna  | merged  | 80.00    |
        | Ben   | merged  | 0.00     |
        | Carla | merged  | 0.00     |

    Scenario: A guest's credit is taken off what the group owes
      Given Anna's stay with a balance of 80.00
      And Ben's stay with a credit of 30.00
      When the clerk selects the stays of Anna and Ben for the group
      Then the stays of the group are:
        | stay | outcome | amount   |
        | Anna | merged  | 80.00    |
        | Ben  | merged  | -30.00   |
      And the balance of the group is 50.00

    @own-reactor
    Scenario: A charge between the selection and the visit moves along
      Given Anna's stay with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects Anna's stay for the group
      When the clerk charges 12.50 to Anna's stay
      And the visits go on
      Then the balance of the group is 92.50

    Scenario: A guest whose stay was merged has left with the group
      Given Anna's stay with a balance of 80.00
      When the clerk selects Anna's stay for the group "Hansen wedding"
      Then Anna left with the group "Hansen wedding"

  Rule: Stays can be added until the group is confirmed

    Scenario: A late riser joins the group
      Given the stays of Anna, Ben and Carla with a balance of 80.00 each
      And the stays of Anna and Ben were merged into the group
      When the clerk selects Carla's stay for the group
      Then the stays of Anna, Ben and Carla are merged into the group
      And the balance of the group is 240.00

    Scenario: A stay joins a group that was settled, but not confirmed
      Given the stays of Anna and Ben with a balance of 80.00 each
      And Anna's stay was merged into the group
      And the clerk takes a payment of 80.00 for the group
      When the clerk selects Ben's stay for the group
      Then the clerk is asked to settle 80.00 for the group

    Scenario: A charge that turns up late joins the group as a stay of its own

      The clerk opens another stay for the late charge, here 901, and adds it to the
      group.

      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group "Hansen wedding"
      When the clerk tries to charge 12.50 to Anna's stay
      Then it is refused because the guest has left with the group "Hansen wedding"
      When the clerk charges 12.50 to stay 901
      And the clerk selects stay 901 for the group "Hansen wedding"
      Then the clerk is asked to settle 92.50 for the group "Hansen wedding"

  Rule: A stay counts once, however often it is selected

    Scenario: A stay that is listed twice in one selection counts once
      Given the stays of Anna and Ben with a balance of 80.00 each
      When the clerk selects the stays of Anna, Ben, Anna and Anna for the group
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | Anna |        |
        | selected | Ben  |        |
        | merged   | Anna | 80.00  |
        | merged   | Ben  | 80.00  |

    Scenario: A merged stay that is selected again counts once
      Given the stays of Anna and Ben with a balance of 80.00 each
      And Anna's stay was merged into the group
      When the clerk selects the stays of Anna and Ben for the group
      Then the balance of the group is 160.00

    @own-reactor
    Scenario: A stay that is selected again before its visit counts once
      Given Anna's stay with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects Anna's stay for the group
      When the clerk selects Anna's stay for the group
      And the visits go on
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | Anna |        |
        | merged   | Anna | 80.00  |
