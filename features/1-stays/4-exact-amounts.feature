Feature: Exact amounts

  Money is counted in decimals, never in the approximations of a pocket
  calculator. What was entered is kept to the last digit, on every store.

  Rule: An amount is kept as it was entered

    Scenario Outline: <amount> stays <amount>
      When the clerk charges <amount> to stay 101
      Then the balance of stay 101 reads "<amount>"

      Examples:
        | amount                          | remark                             |
        | 100.50                          | a zero at the end is kept          |
        | 0.0000000000000000000000000001  | 28 decimal places                  |
        | 1234567890123456789012345.678   | 28 digits                          |
        | 79228162514264337593543950335   | the largest amount that can be kept |

  Rule: Sums are exact and keep every decimal place

    Scenario: A tenth and two tenths are three tenths
      Given the clerk charges 0.1 to stay 101
      When the clerk charges 0.2 to stay 101
      Then the balance of stay 101 reads "0.3"

    Scenario: The finer of two amounts decides how many decimal places are shown
      Given the clerk charges 20.5 to stay 101
      When the clerk takes a payment of 20.500 for stay 101
      Then the balance of stay 101 reads "0.000"

    Scenario: A guest whose charges and payments cancel out exactly can leave
      Given the clerk charges 0.1 to stay 101
      And the clerk charges 0.2 to stay 101
      And the clerk takes a payment of 0.30 for stay 101
      When the clerk checks out stay 101
      Then stay 101 is checked out

    Scenario: A group's balance is the exact sum of what moved to it
      Given these stays:
        | stay | charged | paid    |
        | 101  | 0.10    |         |
        | 102  | 0.2     |         |
        | 103  | 100.125 | 100.000 |
      When the clerk selects stays 101, 102 and 103 for the group
      Then the balance of the group reads "0.425"

  Rule: A balance that is too large to be kept exactly is refused

    Scenario: A charge on top of the largest balance is refused
      Given stay 101 with a balance of 79228162514264337593543950335
      When the clerk tries to charge 1 to stay 101
      Then it is refused because 1 would make the balance of 79228162514264337593543950335 too large to be kept
      And the balance of stay 101 reads "79228162514264337593543950335"
