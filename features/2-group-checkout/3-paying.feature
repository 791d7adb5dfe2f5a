Feature: Paying for a group

  The group pays at the desk, in one sum or in several, whenever it suits. A credit
  can be paid out, whether the group overpaid or a guest brought it along.

  Rule: A group may pay before, between and after the visits to its stays

    Scenario: The group pays in advance
      Given Anna's stay with a balance of 80.00
      And the clerk takes a payment of 50.00 for the group
      When the clerk selects Anna's stay for the group
      Then the balance of the group is 30.00

    Scenario: Another stay joins a group that has paid
      Given the stays of Anna and Ben with a balance of 80.00 each
      And Anna's stay was merged into the group
      And the clerk takes a payment of 50.00 for the group
      When the clerk selects Ben's stay for the group
      Then the balance of the group is 110.00

    Scenario: The group pays when all its stays are merged
      Given the stays of Anna and Ben with a balance of 80.00 each
      And the stays of Anna and Ben were merged into the group
      When the clerk takes a payment of 160.00 for the group
      Then nothing is owed for the group, and the clerk can confirm it

    @own-reactor
    Scenario: The group pays while its stays wait to be visited
      Given the stays of Anna and Ben with a balance of 80.00 each
      And the visits to the stays are paused
      And the clerk selects the stays of Anna and Ben for the group
      When the clerk takes a payment of 50.00 for the group
      And the visits go on
      Then the balance of the group is 110.00

  Rule: Every amount is above zero

    Scenario Outline: A payment of <amount> for a group is refused
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      When the clerk tries to take a payment of <amount> for the group
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of the group is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

    @beyond-the-original
    Scenario Outline: A pay-out of <amount> to a group is refused
      Given the clerk takes a payment of 50.00 for the group
      When the clerk tries to pay out <amount> to the group
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of the group is -50.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

  @beyond-the-original
  Rule: A credit can be paid out, in full or in part, and no more than that

    Scenario: A group that has overpaid is paid out its credit
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of 100.00 for the group
      When the clerk pays out 20.00 to the group
      Then nothing is owed for the group, and the clerk can confirm it

    Scenario: A credit that a guest brought along is paid out to the group
      Given Anna's stay with a credit of 30.00
      And Anna's stay was merged into the group
      When the clerk pays out 10.00 to the group
      Then the balance of the group is -20.00

    Scenario: More than the credit of a group is refused
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of 100.00 for the group
      When the clerk tries to pay out 20.01 to the group
      Then it is refused because 20.01 is more than the credit of 20.00
      And the balance of the group is -20.00

    Scenario: Nothing is paid out to a group that owes something
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      When the clerk tries to pay out 10.00 to the group
      Then it is refused because 10.00 is more than the credit of 0.00
      And the balance of the group is 80.00

  Rule: What is entered again counts once

    Scenario: A payment for a group that is entered again counts once
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of 50.00 for the group
      When the clerk enters that payment again
      Then the balance of the group is 30.00

    @beyond-the-original
    Scenario: A pay-out to a group that is entered again counts once
      Given the clerk takes a payment of 50.00 for the group
      And the clerk pays out 10.00 to the group
      When the clerk enters that pay-out again
      Then the balance of the group is -40.00

    Scenario: Two payments of the same amount are two payments
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the clerk takes a payment of 40.00 for the group
      When the clerk takes a payment of 40.00 for the group
      Then the balance of the group is 0.00

    Scenario: A payment can be entered again after the group is confirmed
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      And the group was settled with 80.00 and confirmed
      When the clerk enters that payment again
      Then the balance of the group is 0.00
