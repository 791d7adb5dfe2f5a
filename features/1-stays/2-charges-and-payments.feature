Feature: Charges and payments

  During a stay the clerk enters what the guest owes and what the guest pays.

  Rule: The balance is what was charged minus what was paid

    Scenario Outline: <charged> charged and <paid> paid leave <balance>
      Given stay 101 with a balance of <charged>
      When the clerk takes a payment of <paid> for stay 101
      Then the balance of stay 101 is <balance>

      Examples:
        | charged | paid   | balance |
        | 80.00   | 30.00  | 50.00   |
        | 80.00   | 80.00  | 0.00    |
        | 80.00   | 100.00 | -20.00  |

    Scenario: A guest may pay before anything is charged
      When the clerk takes a payment of 50.00 for stay 101
      Then the balance of stay 101 is -50.00

  Rule: Every amount is above zero

    Scenario Outline: A charge of <amount> is refused
      Given stay 101 with a balance of 80.00
      When the clerk tries to charge <amount> to stay 101
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of stay 101 is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

    Scenario Outline: A payment of <amount> is refused
      Given stay 101 with a balance of 80.00
      When the clerk tries to take a payment of <amount> for stay 101
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of stay 101 is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

  Rule: What is entered again counts once

    A clerk who missed the answer enters the same charge or payment again. That
    is welcome at any time, even when the stay has ended.

    Scenario: A charge that is entered again counts once
      Given the clerk charges 12.50 to stay 101
      When the clerk enters that charge again
      Then the balance of stay 101 is 12.50

    Scenario: A payment that is entered again counts once
      Given stay 101 with a balance of 80.00
      And the clerk takes a payment of 30.00 for stay 101
      When the clerk enters that payment again
      Then the balance of stay 101 is 50.00

    Scenario: Two charges of the same amount are two charges
      Given the clerk charges 12.50 to stay 101
      When the clerk charges 12.50 to stay 101
      Then the balance of stay 101 is 25.00

    Scenario: A charge can be entered again after the guest has checked out
      Given stay 101 with a credit of 12.50
      And the clerk charges 12.50 to stay 101
      And the clerk checks out stay 101
      When the clerk enters that charge again
      Then the balance of stay 101 is 0.00

    Scenario: A payment can be entered again after a group has taken the stay over
      Given stay 101 with a balance of 80.00
      And the clerk takes a payment of 30.00 for stay 101
      And the group has taken over stay 101
      When the clerk enters that payment again
      Then the record of stay 101 is:
        | entry       | amount |
        | check-in    |        |
        | charge      | 80.00  |
        | payment     | 30.00  |
        | handed over | 50.00  |
