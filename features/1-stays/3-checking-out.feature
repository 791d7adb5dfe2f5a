Feature: Checking out

  A guest who has settled the bill checks out. That ends the stay.

  Rule: A guest checks out only with a balance of zero

    Scenario: A guest who has paid everything checks out
      Given Anna's stay with a balance of 80.00
      And the clerk takes a payment of 80.00 for Anna's stay
      When the clerk checks out Anna
      Then Anna is checked out

    Scenario: A guest who owes something cannot check out
      Given Anna's stay with a balance of 80.00
      When the clerk tries to check out Anna
      Then it is refused because the balance is 80.00
      And Anna is not checked out

    Scenario: A guest who has overpaid cannot check out
      Given Anna's stay with a credit of 20.00
      When the clerk tries to check out Anna
      Then it is refused because the balance is -20.00
      And Anna is not checked out

    @beyond-the-original
    Scenario: A guest whose credit was paid out checks out
      Given Anna's stay with a credit of 20.00
      And the clerk pays out 20.00 to Anna
      When the clerk checks out Anna
      Then Anna is checked out

  @beyond-the-original
  Rule: Only a stay that is on record can be checked out

    Scenario: A guest nobody has heard of cannot check out
      When the clerk tries to check out Anna
      Then it is refused because the stay is not on record
      And Anna's stay is not on record

  Rule: Nothing is added to a stay once the guest has left

    Scenario: Checking out again changes nothing
      Given Anna was checked out
      When the clerk checks out Anna
      Then the record of Anna's stay is:
        | entry     |
        | check-in  |
        | check-out |

    Scenario: A charge after check-out is refused
      Given Anna was checked out
      When the clerk tries to charge 12.50 to Anna's stay
      Then it is refused because the guest has checked out
      And the balance of Anna's stay is 0.00

    Scenario: A payment after check-out is refused
      Given Anna was checked out
      When the clerk tries to take a payment of 12.50 for Anna's stay
      Then it is refused because the guest has checked out
      And the balance of Anna's stay is 0.00

  Rule: Once a guest has left with a group, the clerk is told which group it was

    Background:
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group "Hansen wedding"

    Scenario: A charge is refused
      When the clerk tries to charge 12.50 to Anna's stay
      Then it is refused because the guest has left with the group "Hansen wedding"

    Scenario: A payment is refused
      When the clerk tries to take a payment of 80.00 for Anna's stay
      Then it is refused because the guest has left with the group "Hansen wedding"

    @beyond-the-original
    Scenario: A pay-out is refused
      When the clerk tries to pay out 5.00 to Anna
      Then it is refused because the guest has left with the group "Hansen wedding"

    Scenario: A check-out is refused
      When the clerk tries to check out Anna
      Then it is refused because the guest has left with the group "Hansen wedding"
      And Anna left with the group "Hansen wedding"
