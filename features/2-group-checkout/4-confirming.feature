Feature: Confirming a group

  The clerk confirms a group that is settled. That ends the group checkout.

  Rule: A group is confirmed with a balance of zero

    Scenario: A group that has paid everything is confirmed
      Given the stays of Anna and Ben with a balance of 80.00 each
      And the stays of Anna and Ben were merged into the group
      And the clerk takes a payment of 160.00 for the group
      When the clerk confirms the group
      Then the group is confirmed
      And nothing is left to do for the group

    Scenario: A group that owes nothing is confirmed without a payment
      Given the stays of Anna and Ben with a balance of 0.00 each
      And the stays of Anna and Ben were merged into the group
      When the clerk confirms the group
      Then the group is confirmed

    Scenario: A group without stays owes nothing and is confirmed
      When the clerk confirms the group
      Then the group is confirmed
      And the balance of the group is 0.00

    Scenario: A group of which no stay could be merged owes nothing and is confirmed
      Given Anna was checked out
      And the clerk selects Anna's stay for the group
      And the selected stays of the group have been visited
      When the clerk confirms the group
      Then the group is confirmed
      And Anna's stay could not be merged into the group

    Scenario Outline: A group that has paid <paid> of 80.00 is not confirmed
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of <paid> for the group
      When the clerk tries to confirm the group
      Then it is refused because the balance is <balance>
      And the group is not confirmed

      Examples:
        | paid   | balance |
        | 50.00  | 30.00   |
        | 100.00 | -20.00  |

    @beyond-the-original
    Scenario: A group whose credit was paid out is confirmed
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of 100.00 for the group
      And the clerk pays out 20.00 to the group
      When the clerk confirms the group
      Then the group is confirmed

  Rule: A group is not confirmed before every selected stay was visited

    @own-reactor
    Scenario: The clerk confirms too early
      Given the stays of Anna and Ben with a balance of 80.00 each
      And the visits to the stays are paused
      And the clerk selects the stays of Anna and Ben for the group
      When the clerk tries to confirm the group
      Then it is refused because 2 stays still wait to be visited
      And the group is not confirmed

    @own-reactor
    Scenario: A stay that joins a settled group keeps it open
      Given the stays of Anna and Ben with a balance of 80.00 each
      And Anna's stay was merged into the group
      And the clerk takes a payment of 80.00 for the group
      And the visits to the stays are paused
      And the clerk selects Ben's stay for the group
      When the clerk tries to confirm the group
      Then it is refused because 1 stay still waits to be visited
      And the group is not confirmed

    @own-reactor
    Scenario: The clerk who was too early confirms once the stays were visited
      Given Anna's stay with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects Anna's stay for the group
      And the clerk takes a payment of 80.00 for the group
      When the clerk tries to confirm the group
      Then it is refused because 1 stay still waits to be visited
      When the visits go on
      And the selected stays of the group have been visited
      And the clerk confirms the group
      Then the group is confirmed

  Rule: A confirmed group is closed

    Background:
      Given the stays of Anna and Ben with a balance of 80.00 each
      And Anna's stay was merged into the group
      And the group was settled with 80.00 and confirmed

    Scenario: Confirming again changes nothing
      When the clerk confirms the group
      Then the record of the group is:
        | entry     | stay | amount |
        | selected  | Anna |        |
        | merged    | Anna | 80.00  |
        | payment   |      | 80.00  |
        | confirmed |      |        |

    Scenario: A stay cannot join a confirmed group
      When the clerk tries to select Ben's stay for the group
      Then it is refused because the group is confirmed
      And Ben has not left with a group

    Scenario: A charge that turns up after the confirmation is settled by itself
      Given the clerk charges 12.50 to stay 901
      When the clerk tries to select stay 901 for the group
      Then it is refused because the group is confirmed
      When the clerk takes a payment of 12.50 for stay 901
      And the clerk checks out stay 901
      Then stay 901 is checked out

    Scenario: A confirmed group cannot pay any more
      When the clerk tries to take a payment of 10.00 for the group
      Then it is refused because the group is confirmed
      And the balance of the group is 0.00

    @beyond-the-original
    Scenario: Nothing more is paid out to a confirmed group
      When the clerk tries to pay out 10.00 to the group
      Then it is refused because the group is confirmed
      And the balance of the group is 0.00
