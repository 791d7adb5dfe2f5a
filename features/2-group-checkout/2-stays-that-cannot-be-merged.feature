Feature: Stays that cannot be merged

  Not every selected stay can be merged. The group notes those that could not be,
  and why, so that the clerk can see to the guests, and goes on with the others.

  Rule: A stay can be merged if it is on record and its guest has not left

    Scenario: The stay of a guest who has checked out is not merged
      Given Anna was checked out
      When the clerk selects Anna's stay for the group
      Then Anna's stay could not be merged into the group

    Scenario: The stay of a guest who left with another group is not merged
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group "Hansen wedding"
      When the clerk selects Anna's stay for the group "Football club"
      Then Anna's stay could not be merged into the group "Football club"
      And Anna left with the group "Hansen wedding"
      And the balance of the group "Football club" is 0.00

    @beyond-the-original
    Scenario: A stay that is not on record is not merged
      When the clerk selects Anna's stay for the group
      Then Anna's stay could not be merged into the group
      And Anna's stay is not on record

    @own-reactor
    Scenario: The stay of a guest who checks out between the selection and the visit is not merged
      Given Anna's stay with a balance of 80.00
      And the visits to the stays are paused
      And the clerk selects Anna's stay for the group
      When the clerk takes a payment of 80.00 for Anna's stay
      And the clerk checks out Anna
      And the visits go on
      Then Anna's stay could not be merged into the group
      And the balance of the group is 0.00

  @beyond-the-original
  Rule: The clerk is told why a stay could not be merged

    Scenario: Three stays could not be merged for three reasons
      Given Anna was checked out
      And Ben's stay with a balance of 80.00
      And Ben's stay was merged into the group "Hansen wedding"
      When the clerk selects the stays of Anna, Ben and Carla for the group "Football club"
      Then the stays of the group "Football club" are:
        | stay  | outcome    | because                                            |
        | Anna  | not merged | the guest had checked out                          |
        | Ben   | not merged | the guest had left with the group "Hansen wedding" |
        | Carla | not merged | the stay was not on record                         |

    @own-reactor
    Scenario: The reason is the one at the time of the visit
      Given Anna's stay with a balance of 0.00
      And the visits to the stays are paused
      And the clerk selects Anna's stay for the group
      When the clerk checks out Anna
      And the visits go on
      Then Anna's stay could not be merged into the group because the guest had checked out

  Rule: A stay that cannot be merged holds up none of the others

    @beyond-the-original
    Scenario: The others are merged
      Given the stays of Anna and David with a balance of 80.00 each
      And Ben was checked out
      When the clerk selects the stays of Anna, Ben, Carla and David for the group
      Then the stays of the group are:
        | stay  | outcome    | amount   |
        | Anna  | merged     | 80.00    |
        | Ben   | not merged |          |
        | Carla | not merged |          |
        | David | merged     | 80.00    |
      And the balance of the group is 160.00

    Scenario: A group of which no stay could be merged owes nothing
      Given Anna was checked out
      And Ben was checked out
      When the clerk selects the stays of Anna and Ben for the group
      Then the stays of Anna and Ben could not be merged into the group
      And nothing is owed for the group, and the clerk can confirm it

  Rule: A stay that could not be merged into a group is never merged into that group

    The clerk has been told and has seen to the guest. The answer to that group is
    final; another group may still take the stay.

    Scenario: Selecting it again changes nothing
      Given Anna was checked out
      And Ben's stay with a balance of 80.00
      And the clerk selects Anna's stay for the group
      And the selected stays of the group have been visited
      When the clerk selects the stays of Anna and Ben for the group
      Then the record of the group is:
        | entry      | stay | amount |
        | selected   | Anna |        |
        | not merged | Anna |        |
        | selected   | Ben  |        |
        | merged     | Ben  | 80.00  |

    @beyond-the-original
    Scenario: A guest who arrives after the visit is not merged
      Given the clerk selects Anna's stay for the group
      And the selected stays of the group have been visited
      And Anna arrives and owes 80.00
      And Ben arrives and owes 80.00
      When the clerk selects the stays of Anna and Ben for the group
      Then Ben's stay is merged into the group
      And Anna's stay could not be merged into the group because the stay was not on record
      And Anna has not left with a group

  @beyond-the-original
  Rule: A guest whose stay could not be merged is served like any other

    Background:
      Given the clerk selects Anna's stay for the group "Hansen wedding"
      And the selected stays of the group "Hansen wedding" have been visited
      And Anna arrives and owes 80.00

    Scenario: The guest settles the bill and leaves alone
      Given the clerk takes a payment of 80.00 for Anna's stay
      When the clerk checks out Anna
      Then Anna is checked out
      And Anna's stay could not be merged into the group "Hansen wedding"

    Scenario: The guest leaves with another group
      When the clerk selects Anna's stay for the group "Football club"
      Then Anna left with the group "Football club"
      And the balance of the group "Football club" is 80.00
      And the balance of the group "Hansen wedding" is 0.00

    Scenario: Two groups ask too early, and a third is in time
      Given the clerk selects Ben's stay for the group "Hansen wedding"
      And the clerk selects Ben's stay for the group "Football club"
      And the selected stays of the group "Hansen wedding" have been visited
      And the selected stays of the group "Football club" have been visited
      And Ben arrives and owes 80.00
      When the clerk selects Ben's stay for the group "Choir"
      Then Ben left with the group "Choir"
      And Ben's stay could not be merged into the group "Hansen wedding" because the stay was not on record
      And Ben's stay could not be merged into the group "Football club" because the stay was not on record
