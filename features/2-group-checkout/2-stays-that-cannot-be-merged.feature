Feature: Stays that cannot be merged

  Not every selected stay can be taken over. The group records those that could
  not be, so that the clerk can see to them, and goes on with the others.

  Rule: A group takes over a stay that is on record, open, and in no other group

    Scenario: A guest who has checked out is not merged
      Given stay 101 was checked out
      When the clerk selects stay 101 for the group
      Then stay 101 could not be merged into the group

    Scenario: A stay that belongs to another group is not merged
      Given stay 101 with a balance of 80.00
      And the group "Hansen wedding" has taken over stay 101
      When the clerk selects stay 101 for the group "Football club"
      Then stay 101 could not be merged into the group "Football club"
      And stay 101 belongs to the group "Hansen wedding"
      And the balance of the group "Football club" is 0.00

    Scenario: A stay that is not on record is not merged
      When the clerk selects stay 999 for the group
      Then stay 999 could not be merged into the group
      And stay 999 is not on record

    @own-reactor
    Scenario: A guest who checks out between the selection and the visit is not merged
      Given stay 101 with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects stay 101 for the group
      When the clerk takes a payment of 80.00 for stay 101
      And the clerk checks out stay 101
      And the visits go on
      Then stay 101 could not be merged into the group
      And the balance of the group is 0.00

  Rule: A stay that cannot be merged holds up none of the others

    Scenario: The others are merged
      Given stays 101 and 104 with a balance of 80.00
      And stay 102 was checked out
      When the clerk selects stays 101, 102, 999 and 104 for the group
      Then the stays of the group are:
        | stay | outcome | residual |
        | 101  | merged  | 80.00    |
        | 102  | failed  |          |
        | 999  | failed  |          |
        | 104  | merged  | 80.00    |
      And the balance of the group is 160.00

    Scenario: A group of which no stay could be merged owes nothing
      Given stay 101 was checked out
      When the clerk selects stays 101 and 999 for the group
      Then the clerk is asked to settle 0.00 for the group

  Rule: A failed stay is not tried again

    The clerk is told that the stay failed and sees to the guest. Were it tried
    again behind the clerk's back, the guest might pay twice.

    Scenario: Selecting a failed stay again changes nothing
      Given stay 101 was checked out
      And the clerk selects stay 101 for the group
      And the selected stays of the group have been visited
      When the clerk selects stay 101 for the group
      And the clerk takes a payment of 10.00 for the group
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | 101  |        |
        | failed   | 101  |        |
        | payment  |      | 10.00  |

    Scenario: A stay that is put on record after it failed remains failed
      Given the clerk selects stay 105 for the group
      And the selected stays of the group have been visited
      And stays 105 and 106 with a balance of 80.00
      When the clerk selects stays 105 and 106 for the group
      Then stay 106 is merged into the group
      When the clerk takes a payment of 10.00 for the group
      Then stay 105 could not be merged into the group
      And stay 105 belongs to no group
