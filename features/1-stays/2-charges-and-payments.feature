Feature: Charges and payments

  During a stay the clerk enters what the guest owes and what the guest pays. What
  a guest has overpaid is a credit, and the clerk can pay it out.

  Rule: The balance is what was charged minus what was paid

    Scenario Outline: <charged> charged and <paid> paid leave <balance>
      Given Anna's stay with a balance of <charged>
      When the clerk takes a payment of <paid> for Anna's stay
      Then the balance of Anna's stay is <balance>

      Examples:
        | charged | paid   | balance |
        | 80.00   | 30.00  | 50.00   |
        | 80.00   | 80.00  | 0.00    |
        | 80.00   | 100.00 | -20.00  |

    Scenario: A guest may pay before anything is charged
      When the clerk takes a payment of 50.00 for Anna's stay
      Then the balance of Anna's stay is -50.00

  Rule: Every amount is above zero

    Scenario Outline: A charge of <amount> is refused
      Given Anna's stay with a balance of 80.00
      When the clerk tries to charge <amount> to Anna's stay
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of Anna's stay is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

    Scenario Outline: A payment of <amount> is refused
      Given Anna's stay with a balance of 80.00
      When the clerk tries to take a payment of <amount> for Anna's stay
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of Anna's stay is 80.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

    @beyond-the-original
    Scenario Outline: A pay-out of <amount> is refused
      Given Anna's stay with a credit of 20.00
      When the clerk tries to pay out <amount> to Anna
      Then it is refused because an amount has to be above zero, and <amount> is not
      And the balance of Anna's stay is -20.00

      Examples:
        | amount |
        | 0.00   |
        | -5.00  |

  @beyond-the-original
  Rule: A credit can be paid out, in full or in part, and no more than that

    Scenario Outline: <amount> of a credit of 20.00 is paid out
      Given Anna's stay with a credit of 20.00
      When the clerk pays out <amount> to Anna
      Then the balance of Anna's stay is <balance>

      Examples:
        | amount | balance |
        | 20.00  | 0.00    |
        | 5.00   | -15.00  |

    Scenario: More than the credit is refused
      Given Anna's stay with a credit of 20.00
      When the clerk tries to pay out 20.01 to Anna
      Then it is refused because 20.01 is more than the credit of 20.00
      And the balance of Anna's stay is -20.00

    Scenario: Nothing is paid out to a guest who owes something
      Given Anna's stay with a balance of 80.00
      When the clerk tries to pay out 10.00 to Anna
      Then it is refused because 10.00 is more than the credit of 0.00
      And the balance of Anna's stay is 80.00

  Rule: What is entered again counts once

    A clerk who missed the answer enters the same charge, payment or pay-out
    again. That is welcome at any time, even when the stay has ended.

    Scenario: A charge that is entered again counts once
      Given the clerk charges 12.50 to Anna's stay
      When the clerk enters that charge again
      Then the balance of Anna's stay is 12.50

    Scenario: A payment that is entered again counts once
      Given Anna's stay with a balance of 80.00
      And the clerk takes a payment of 30.00 for Anna's stay
      When the clerk enters that payment again
      Then the balance of Anna's stay is 50.00

    @beyond-the-original
    Scenario: A pay-out that is entered again counts once
      Given Anna's stay with a credit of 20.00
      And the clerk pays out 5.00 to Anna
      When the clerk enters that pay-out again
      Then the balance of Anna's stay is -15.00

    Scenario: Two charges of the same amount are two charges
      Given the clerk charges 12.50 to Anna's stay
      When the clerk charges 12.50 to Anna's stay
      Then the balance of Anna's stay is 25.00

    Scenario: A charge can be entered again after the guest has checked out
      Given Anna's stay with a credit of 12.50
      And the clerk charges 12.50 to Anna's stay
      And the clerk checks out Anna
      When the clerk enters that charge again
      Then the balance of Anna's stay is 0.00

    Scenario: A payment can be entered again after the guest has left with a group
      Given Anna's stay with a balance of 80.00
      And the clerk takes a payment of 30.00 for Anna's stay
      And Anna's stay was merged into the group
      When the clerk enters that payment again
      Then the record of Anna's stay is:
        | entry    | amount |
        | check-in |        |
        | charge   | 80.00  |
        | payment  | 30.00  |
        | merged   | 50.00  |
