Feature: Checking in

  The clerk notes when a guest arrives. A clerk who is not sure that it was entered
  enters it again.

  Rule: A guest arrives once

    Scenario: The time of arrival is kept
      When the clerk checks in Anna at 14:00
      Then Anna's stay is on record
      And the record of Anna's stay is:
        | entry    | at    |
        | check-in | 14:00 |

    Scenario: The same arrival can be entered again
      Given the clerk checks in Anna at 14:00
      When the clerk checks in Anna at 14:00
      Then the record of Anna's stay is:
        | entry    | at    |
        | check-in | 14:00 |

    Scenario: Another time of arrival is refused
      Given the clerk checks in Anna at 14:00
      When the clerk tries to check in Anna at 15:30
      Then it is refused because the guest had checked in at 14:00
      And the record of Anna's stay is:
        | entry    | at    |
        | check-in | 14:00 |

  Rule: A stay may be charged before the guest arrives

    Scenario: What was booked in advance is on the bill on arrival
      Given the clerk charges 30.00 to Anna's stay
      When the clerk checks in Anna at 14:00
      Then the balance of Anna's stay is 30.00
