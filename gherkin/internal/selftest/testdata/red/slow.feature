Feature: Slow
  Scenario: A step heeds the end of its time
    Given 3 books on the shelf
    When it waits for the end

  Scenario: A step does not heed it
    When it waits for more than the end
    Then 3 books are left

  @list-hangs
  Scenario: The list does not answer
    Given 3 books on the shelf

  @before-hangs
  Scenario: A hook does not end
    Given 3 books on the shelf
