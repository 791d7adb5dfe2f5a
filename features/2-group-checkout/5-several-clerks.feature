@competing
Feature: Several clerks at once

  Two clerks may serve the same guests at the same moment, each at a desk of
  their own. Neither waits for the other, and nothing that either of them was
  told is untrue afterwards.

  Rule: A stay goes to one group, whoever was first

    Scenario: Two clerks select the same stay for two groups
      Given stay 101 with a balance of 80.00
      When two clerks at the same moment select stay 101 for the group "Hansen wedding" and for the group "Football club"
      Then stay 101 is merged into either the group "Hansen wedding" or the group "Football club", and fails in the other
      And the balances of the group "Hansen wedding" and the group "Football club" come to 80.00 together

    Scenario: Two clerks select the same twenty stays for two groups
      Given stays 101 to 120 with a balance of 80.00
      When two clerks at the same moment select stays 101 to 120 for the group "Hansen wedding" and for the group "Football club"
      Then stays 101 to 120 are merged into either the group "Hansen wedding" or the group "Football club", and fail in the other
      And the balances of the group "Hansen wedding" and the group "Football club" come to 1,600.00 together

  Rule: What two clerks enter at the same moment counts, both of it

    Scenario: Two clerks select different stays for one group
      Given stays 101 to 104 with a balance of 80.00
      When two clerks at the same moment select stays 101 and 102 and stays 103 and 104 for the group
      Then stays 101 to 104 are merged into the group
      And the balance of the group is 320.00

    Scenario: Two clerks take a payment for one group
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      When two clerks at the same moment take payments of 50.00 and 10.00 for the group
      Then the balance of the group is 20.00

    Scenario: Two clerks charge one stay
      Given stay 101 with a balance of 80.00
      When two clerks at the same moment charge 12.50 and 7.50 to stay 101
      Then the balance of stay 101 is 100.00

  Rule: The same thing entered by two clerks at the same moment counts once

    Scenario: Two clerks select the same stay for one group
      Given stays 101 and 102 with a balance of 80.00
      When two clerks at the same moment select stays 101 and 102 and stay 102 for the group
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | 101  |        |
        | selected | 102  |        |
        | merged   | 101  | 80.00  |
        | merged   | 102  | 80.00  |

    Scenario: Two clerks enter the same payment
      Given stay 101 with a balance of 80.00
      And the group has taken over stay 101
      When two clerks at the same moment enter the same payment of 50.00 for the group
      Then the balance of the group is 30.00

    Scenario: Two clerks confirm the same group
      Given stay 101 with a balance of 0.00
      And the group has taken over stay 101
      When two clerks at the same moment confirm the group
      Then the record of the group is:
        | entry     | stay | amount |
        | selected  | 101  |        |
        | merged    | 101  | 0.00   |
        | confirmed |      |        |

  Rule: A stay that is merged at that moment loses nothing

    Scenario: A charge during the merge moves along or is refused, and is never lost
      Given stay 101 with a balance of 80.00
      When at the same moment one clerk charges 12.50 to stay 101 and another selects it for the group
      Then stay 101 brought the group its 80.00 and the charge, unless that was refused

    Scenario: A guest leaves alone or with the group, and never both
      Given stay 101 with a balance of 0.00
      When at the same moment one clerk checks out stay 101 and another selects it for the group
      Then stay 101 either is checked out or belongs to the group, and not both
