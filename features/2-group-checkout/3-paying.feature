Feature: Paying for a group

  The group pays at the desk, in one sum or in several, whenever it suits.

  Rule: A group may pay before, between and after the visits to its stays

    Scenario: The group pays in advance
      Given stay 101 with a balance of 80.00
      And the clerk takes a payment of 50.00 for the group
      When the clerk selects stay 101 for the group
      Then the balance of the group is 30.00

    Scenario: Another stay joins a group that has paid
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of 50.00 for the group
      When the clerk selects stay 102 for the group
      Then the balance of the group is 110.00

    Scenario: The group pays when all its stays are merged
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stays 101 and 102
      When the clerk takes a payment of 160.00 for the group
      Then the clerk is asked to settle 0.00 for the group

    @own-reactor
    Scenario: The group pays while its stays wait to be visited
      Given stays 101 and 102 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stays 101 and 102 for the group
      When the clerk takes a payment of 50.00 for the group
      And the visits go on
      Then the balance of the group is 110.00

  Rule: Every payment is above zero

    Scenario Outline: A payment of <amount> for a group is refused
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      When the clerk tries to take a payment of <amount> for the group
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of the group is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

  Rule: A payment that is entered again counts once

    Scenario: A payment for a group that is entered again counts once
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of 50.00 for the group
      When the clerk enters that payment again
      Then the balance of the group is 30.00

    Scenario: Two payments of the same amount are two payments
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of 40.00 for the group
      When the clerk takes a payment of 40.00 for the group
      Then the balance of the group is 0.00

    Scenario: A payment can be entered again after the group is confirmed
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      And the group was settled with 80.00 and confirmed
      When the clerk enters that payment again
      Then the balance of the group is 0.00
