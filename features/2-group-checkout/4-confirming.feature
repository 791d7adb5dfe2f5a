Feature: Confirming a group

  The clerk confirms a group that is settled. That ends the group checkout.

  Rule: A group is confirmed with a balance of zero

    Scenario: A group that has paid everything is confirmed
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stays 101 and 102
      And the clerk takes a payment of 160.00 for the group
      When the clerk confirms the group
      Then the group is confirmed
      And nothing is left to do for the group

    Scenario: A group that owes nothing is confirmed without a payment
      Given stays 101 and 102 with a balance of 0.00
      And the group has taken over stays 101 and 102
      When the clerk confirms the group
      Then the group is confirmed

    Scenario Outline: A group that has paid <paid> of 80.00 is not confirmed
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of <paid> for the group
      When the clerk tries to confirm the group
      Then it is refused because the balance is <balance>
      And the group is not confirmed

      Examples:
        | paid   | balance |
        | 50.00  | 30.00   |
        | 100.00 | -20.00  |

  Rule: A group is not confirmed before every selected stay was visited

    @own-reactor
    Scenario: The clerk confirms too early
      Given stays 101 and 102 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stays 101 and 102 for the group
      When the clerk tries to confirm the group
      Then it is refused because 2 stays are still being processed
      And the group is not confirmed

    @own-reactor
    Scenario: A stay that joins a settled group keeps it open
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stay 101
      And the clerk takes a payment of 80.00 for the group
      And the visits to the stays are paused
      And the clerk selects stay 102 for the group
      When the clerk tries to confirm the group
      Then it is refused because 1 stay is still being processed
      And the group is not confirmed

    @own-reactor
    Scenario: The clerk who was too early confirms once the stays were visited
      Given stay 101 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stay 101 for the group
      And the clerk takes a payment of 80.00 for the group
      When the clerk tries to confirm the group
      Then it is refused because 1 stay is still being processed
      When the visits go on
      And the selected stays of the group have been visited
      And the clerk confirms the group
      Then the group is confirmed

  Rule: A confirmed group is closed

    Background:
      Given stays 101 and 102 with a balance of 80.00
      And the group has taken over stay 101
      And the group was settled with 80.00 and confirmed

    Scenario: Confirming again changes nothing
      When the clerk confirms the group
      Then the record of the group is:
        | entry     | stay | amount |
        | selected  | 101  |        |
        | merged    | 101  | 80.00  |
        | payment   |      | 80.00  |
        | confirmed |      |        |

    Scenario: A stay cannot join a confirmed group
      When the clerk tries to select stay 102 for the group
      Then it is refused because the group is confirmed
      And stay 102 belongs to no group

    Scenario: A confirmed group cannot pay any more
      When the clerk tries to take a payment of 10.00 for the group
      Then it is refused because the group is confirmed
      And the balance of the group is 0.00
