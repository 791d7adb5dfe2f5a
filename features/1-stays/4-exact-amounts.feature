Feature: Exact amounts

  Money is never rounded. What was entered is kept to the last digit.

  Rule: An amount is kept as it was entered

    Scenario Outline: <amount> is kept as <amount>
      When the clerk charges <amount> to Anna's stay
      Then the balance of Anna's stay reads "<amount>"

      Examples:
        | amount                          | remark                             |
        | 100.50                          | a zero at the end is kept          |
        | 0.0000000000000000000000000001  | 28 decimal places                  |
        | 1234567890123456789012345.678   | 28 digits                          |
        | 79228162514264337593543950335   | the largest amount that can be kept |

  Rule: Sums are exact and keep every decimal place

    Scenario: A tenth and two tenths are three tenths
      Given the clerk charges 0.1 to Anna's stay
      When the clerk charges 0.2 to Anna's stay
      Then the balance of Anna's stay reads "0.3"

    Scenario: The finer of two amounts decides how many decimal places are shown
      Given the clerk charges 20.5 to Anna's stay
      When the clerk takes a payment of 20.500 for Anna's stay
      Then the balance of Anna's stay reads "0.000"

    Scenario: A guest whose charges and payments cancel out exactly can leave
      Given the clerk charges 0.1 to Anna's stay
      And the clerk charges 0.2 to Anna's stay
      And the clerk takes a payment of 0.30 for Anna's stay
      When the clerk checks out Anna
      Then Anna is checked out

    Scenario: A group's balance is the exact sum of what moved to it
      Given these stays:
        | stay  | charged | paid    |
        | Anna  | 0.10    |         |
        | Ben   | 0.2     |         |
        | Carla | 100.125 | 100.000 |
      When the clerk selects the stays of Anna, Ben and Carla for the group
      Then the balance of the group reads "0.425"

  Rule: A balance that is too large to be kept exactly is refused

    Scenario: A charge on top of the largest balance is refused
      Given Anna's stay with a balance of 79228162514264337593543950335
      When the clerk tries to charge 1 to Anna's stay
      Then it is refused because 1 would make the balance of 79228162514264337593543950335 too large to be kept
      And the balance of Anna's stay reads "79228162514264337593543950335"
