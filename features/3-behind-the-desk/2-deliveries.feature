Feature: Deliveries

  The feed tells the system of every event at least once. It may tell of the
  same one again, and it also tells of the events that the system wrote itself.

  Rule: An event that is delivered again changes nothing

    @own-reactor
    Scenario: The outcomes of a group are the same after a second delivery
      Given stay 101 with a balance of 80.00
      And stay 101 was merged into the group
      And the system is stopped and started again
      When the feed delivers the group again
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | 101  |        |
        | merged   | 101  | 80.00  |
      And the record of stay 101 is:
        | entry    | amount |
        | check-in |        |
        | charge   | 80.00  |
        | merged   | 80.00  |

    @own-reactor @beyond-the-original
    Scenario: A stay that could not be merged is not merged after a second delivery
      Given the clerk selects stay 105 for the group
      And the selected stays of the group have been visited
      And stay 105 arrives and owes 80.00
      And the system is stopped and started again
      When the feed delivers the group again
      Then the record of the group is:
        | entry      | stay |
        | selected   | 105  |
        | not merged | 105  |
      And stay 105 has not left with a group

    @exact
    Scenario: A system that remembers the group is not called again
      Given stay 101 with a balance of 80.00
      And stay 101 was merged into the group
      When the feed delivers the group again
      Then the system was called 1 time for the group

    @own-reactor
    Scenario: A system that was started since is called again and finds nothing to do
      Given stay 101 with a balance of 80.00
      And stay 101 was merged into the group
      And the system is stopped and started again
      When the feed delivers the group again
      Then the system was called 2 times for the group
      And 2 events of the group are stored

  Rule: The system is not called for what it wrote itself

    @exact
    Scenario: One selection leads to one call
      Given stays 101 to 110 with a balance of 80.00 each
      When the clerk selects stays 101 to 110 for the group
      Then stays 101 to 110 are merged into the group
      And the system was called 1 time for the group

    @exact @slow
    Scenario: A selection that is recorded in several portions leads to one call
      Given a coach tour of 250 stays with a charge of 12.50 each
      When the clerk selects the whole coach tour for the group
      Then all 250 stays of the coach tour are merged into the group
      And the system was called 1 time for the group

    @slow @beyond-the-original
    Scenario: The outcomes of 250 visits are recorded in three portions
      Given a coach tour of 250 stays with a charge of 12.50 each
      When the clerk selects the whole coach tour for the group
      Then all 250 stays of the coach tour are merged into the group
      And 4 events of the group are stored

    @exact
    Scenario: Selecting the same stays again leads to no call
      Given stays 101 and 102 with a balance of 80.00 each
      And stays 101 and 102 were merged into the group
      When the clerk selects stays 101 and 102 for the group
      Then the system was called 1 time for the group
