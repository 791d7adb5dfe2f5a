@virtual-time
Feature: Long interruptions

  Nobody may be there to look after the system, at night or over the holidays.
  Whatever was waiting is then dealt with as if it had just been asked for.

  These examples let hours and days pass, so they run where time costs nothing.

  Rule: Work waits as long as it has to

    @own-reactor
    Scenario: Stays that waited for 30 days are visited when the system starts again
      Given stays 101, 102 and 103 with a balance of 80.00 each
      And the system is stopped
      And the clerk selects stays 101, 102 and 103 for the group
      When 30 days pass
      Then 3 stays of the group wait to be visited
      When the system starts again
      Then within 1 second stays 101, 102 and 103 are merged into the group

    Scenario: After 30 days a group is unchanged and can be confirmed
      Given stay 101 with a balance of 80.00
      And the clerk selects stays 101 and 105 for the group
      And the selected stays of the group have been visited
      And stay 105 arrives and owes 80.00
      When 30 days pass
      Then stay 105 could not be merged into the group
      And stay 105 has not left with a group
      When the clerk takes a payment of 80.00 for the group
      And the clerk confirms the group
      Then the group is confirmed

  Rule: What the store refuses is tried again until it is accepted

    The system tries less and less often, but never less than twice a minute.

    Scenario: A store that refuses everything for 2 hours
      Given stays 101 and 102 with a balance of 80.00 each
      And the store refuses what the system writes
      And the clerk selects stays 101 and 102 for the group
      When 2 hours pass
      Then 2 stays of the group wait to be visited
      When the store accepts again what the system writes
      Then within 30 seconds stays 101 and 102 are merged into the group

    Scenario: A charge while the store refuses the merge moves along
      Given stay 101 with a balance of 80.00
      And the store refuses what the system writes
      And the clerk selects stay 101 for the group
      And 1 hour passes
      When the clerk charges 12.50 to stay 101
      And the store accepts again what the system writes
      Then within 30 seconds stay 101 is merged into the group
      And the balance of the group is 92.50
