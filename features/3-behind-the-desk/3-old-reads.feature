Feature: Old reads

  The feed may tell of an event before the copy of the store that the system
  reads from has it. What was read is then too old to act on.

  Rule: The system reads again until it sees what the feed told of

    Scenario: One old read costs a second call
      Given stays 101 and 102 with a balance of 80.00 each
      And the system's next 1 read of the group misses what was written
      When the clerk selects stays 101 and 102 for the group
      Then stays 101 and 102 are merged into the group
      And the system was called 2 times for the group

    Scenario: An old read of one group holds up no other group
      Given stays 101 and 102 with a balance of 80.00 each
      And the system's next 1 read of the group "Hansen wedding" misses what was written
      When the clerk selects stay 101 for the group "Hansen wedding"
      And the clerk selects stay 102 for the group "Football club"
      Then stay 102 is merged into the group "Football club"
      And stay 101 is merged into the group "Hansen wedding"
