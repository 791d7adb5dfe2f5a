Feature: Unknown events

  A newer program may write to the same store what this one has never heard of.
  Such an event is passed over, and everything around it counts.

  Rule: An event of an unknown type is passed over

    Scenario: Charges before and after it count
      Given stay 101 with a balance of 80.00
      And another program writes an event of the unknown type "MinibarInspected" to stay 101
      When the clerk charges 12.50 to stay 101
      Then the balance of stay 101 is 92.50

    Scenario: A stay that has one is merged
      Given stay 101 with a balance of 80.00
      And another program writes an event of the unknown type "MinibarInspected" to stay 101
      When the clerk selects stay 101 for the group
      Then stay 101 is merged into the group
      And the balance of the group is 80.00

    @beyond-the-original
    Scenario: It alone does not put a stay on record
      Given another program writes an event of the unknown type "MinibarInspected" to stay 101
      When the clerk selects stay 101 for the group
      Then stay 101 could not be merged into the group
      And stay 101 is not on record

    Scenario: Stays are merged into a group that has one
      Given stay 101 with a balance of 80.00
      And another program writes an event of the unknown type "BusParked" to the group
      When the clerk selects stay 101 for the group
      Then stay 101 is merged into the group
