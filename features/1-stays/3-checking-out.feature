Feature: Checking out

  A guest who has settled the bill checks out. That ends the stay.

  Rule: A guest leaves with a balance of zero

    Scenario: A guest who has paid everything checks out
      Given stay 101 with a balance of 80.00
      And the clerk takes a payment of 80.00 for stay 101
      When the clerk checks out stay 101
      Then stay 101 is checked out

    Scenario: A guest who owes something cannot check out
      Given stay 101 with a balance of 80.00
      When the clerk tries to check out stay 101
      Then it is refused because the balance is 80.00
      And stay 101 is not checked out

    Scenario: A guest who has paid too much cannot check out
      Given stay 101 with a credit of 20.00
      When the clerk tries to check out stay 101
      Then it is refused because the balance is -20.00
      And stay 101 is not checked out

  Rule: Nothing is added to a stay once the guest has left

    Scenario: Checking out again changes nothing
      Given stay 101 was checked out
      When the clerk checks out stay 101
      Then the record of stay 101 is:
        | entry     |
        | check-in  |
        | check-out |

    Scenario: A charge after check-out is refused
      Given stay 101 was checked out
      When the clerk tries to charge 12.50 to stay 101
      Then it is refused because the guest has checked out
      And the balance of stay 101 is 0.00

    Scenario: A payment after check-out is refused
      Given stay 101 was checked out
      When the clerk tries to take a payment of 12.50 for stay 101
      Then it is refused because the guest has checked out
      And the balance of stay 101 is 0.00

  Rule: A stay that a group has taken over is closed, and says which group has it

    Background:
      Given stay 101 with a balance of 80.00
      And the group "Hansen wedding" has taken over stay 101

    Scenario: A charge goes to the group, not to the stay
      When the clerk tries to charge 12.50 to stay 101
      Then it is refused because the stay belongs to the group "Hansen wedding"

    Scenario: A payment goes to the group, not to the stay
      When the clerk tries to take a payment of 80.00 for stay 101
      Then it is refused because the stay belongs to the group "Hansen wedding"

    Scenario: The guest checks out with the group, not alone
      When the clerk tries to check out stay 101
      Then it is refused because the stay belongs to the group "Hansen wedding"
      And stay 101 is not checked out
