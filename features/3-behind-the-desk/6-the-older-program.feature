Feature: The older program

  The program that this one grew out of may work on the same books. It merges a
  stay that is not on record, whatever this one has answered before.

  Rule: What the older program has merged counts

    @own-reactor
    Scenario: It visits a stay that could not be merged, before the group has noted that
      Given the system is going to break down after 1 write
      And the clerk selects stay 105 for the group
      And the system has broken down
      When the older program visits stay 105 for the group
      And the system starts again
      Then stay 105 is merged into the group
      And stay 105 left with the group

    Scenario: It merges a stay that this one could not
      Given the clerk selects stay 105 for the group
      And the selected stays of the group have been visited
      And stay 105 arrives and owes 80.00
      When the older program merges stay 105 into the group
      Then stay 105 is merged into the group
      And the balance of the group is 80.00
