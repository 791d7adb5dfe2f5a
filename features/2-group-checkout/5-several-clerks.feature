@competing
Feature: Several clerks at once

  Two clerks may serve the same guests at the same moment, each at a desk of
  their own. Neither waits for the other, and nothing that either of them was
  told is untrue afterwards.

  Rule: A stay goes to one group, whoever was first

    Scenario: Two clerks select the same stay for two groups
      Given Anna's stay with a balance of 80.00
      When at the same moment one clerk selects Anna's stay for the group "Hansen wedding" and another for the group "Football club"
      Then Anna's stay is merged into either the group "Hansen wedding" or the group "Football club", and not into both
      And the balances of the group "Hansen wedding" and the group "Football club" come to 80.00 together

    Scenario: Two clerks select the same twenty stays for two groups
      Given stays 101 to 120 with a balance of 80.00 each
      When at the same moment one clerk selects stays 101 to 120 for the group "Hansen wedding" and another for the group "Football club"
      Then each of stays 101 to 120 is merged into either the group "Hansen wedding" or the group "Football club", and not into both
      And the balances of the group "Hansen wedding" and the group "Football club" come to 1,600.00 together

  Rule: Different entries at the same moment all count

    Scenario: Two clerks select different stays for one group
      Given stays 101 to 104 with a balance of 80.00 each
      When at the same moment one clerk selects stays 101 and 102 and another stays 103 and 104 for the group
      Then stays 101 to 104 are merged into the group
      And the balance of the group is 320.00

    Scenario: Two clerks take a payment for one group
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      When two clerks at the same moment take payments of 50.00 and 10.00 for the group
      Then the balance of the group is 20.00

    Scenario: Two clerks charge one stay
      Given Anna's stay with a balance of 80.00
      When two clerks at the same moment charge 12.50 and 7.50 to Anna's stay
      Then the balance of Anna's stay is 100.00

  Rule: The same thing entered by two clerks at the same moment counts once

    Scenario: Two clerks select the same stay for one group
      Given the stays of Anna and Ben with a balance of 80.00 each
      When at the same moment one clerk selects the stays of Anna and Ben and another Ben's stay for the group
      Then the record of the group is:
        | entry    | stay | amount |
        | selected | Anna |        |
        | selected | Ben  |        |
        | merged   | Anna | 80.00  |
        | merged   | Ben  | 80.00  |

    Scenario: Two clerks enter the same payment
      Given Anna's stay with a balance of 80.00
      And Anna's stay was merged into the group
      When two clerks at the same moment enter the same payment of 50.00 for the group
      Then the balance of the group is 30.00

    Scenario: Two clerks confirm the same group
      Given Anna's stay with a balance of 0.00
      And Anna's stay was merged into the group
      When two clerks at the same moment confirm the group
      Then the record of the group is:
        | entry     | stay | amount |
        | selected  | Anna |        |
        | merged    | Anna | 0.00   |
        | confirmed |      |        |

  Rule: A stay that is merged at that moment loses nothing

    Scenario: A charge during the merge moves along or is refused, and is never lost
      Given Anna's stay with a balance of 80.00
      When at the same moment one clerk charges 12.50 to Anna's stay and another selects it for the group
      Then Anna's stay brought the group its 80.00 and the charge, unless that was refused

    Scenario: A guest leaves alone or with the group, and never both
      Given Anna's stay with a balance of 0.00
      When at the same moment one clerk checks out Anna and another selects it for the group
      Then Anna either is checked out or left with the group, and not both

  Rule: A group is confirmed with all its stays, or not yet

    Scenario: A stay joins in time or comes too late, and is never left behind
      Given Anna's stay with a balance of 0.00
      And Ben's stay with a balance of 80.00
      And Anna's stay was merged into the group
      When at the same moment one clerk confirms the group and another selects Ben's stay for it
      Then either the group is confirmed without Ben's stay, or that stay is merged into it and keeps it open

  @beyond-the-original
  Rule: A credit is paid out once

    Scenario: Two clerks pay out the same credit
      Given the clerk takes a payment of 20.00 for the group
      When two clerks at the same moment try to pay out 20.00 each to the group
      Then one of them is refused because 20.00 is more than the credit of 0.00
      And the balance of the group is 0.00
