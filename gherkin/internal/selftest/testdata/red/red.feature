Feature: Red
  Everything in here is broken on purpose, but for what says that it is not.

  Background:
    Given 3 books on the shelf

  Scenario: It passes
    When a book is lent
    Then 2 books are left

  Rule: Steps are broken
    Scenario: A step returns an error
      When it fails
      Then 3 books are left

    Scenario: A step finds something else
      When a book is lent
      Then 3 books are left

    Scenario: A step is undefined
      When nobody knows it

    Scenario: A step is pending
      When it is pending

    Scenario: A step is ambiguous
      When one of two

    Scenario: A step panics
      When it panics

    Scenario: A step leaves its goroutine
      When it leaves

    Scenario: A step lacks its table
      When it reads a table

    Scenario: A step skips
      When it is skipped

    Scenario: A step skips and fails
      When it is skipped, and fails

    Scenario: A skip, then a step that is undefined
      When it is skipped
      Then nobody knows it

    @retried
    Scenario: A step fails at first
      When it fails once

    @retried
    Scenario: A step fails again and again
      When it fails

    @retried
    Scenario: A step stays undefined
      When nobody knows it

  Rule: Hooks are broken
    @before-fails
    Scenario: A hook fails before
      When a book is lent

    @before-panics
    Scenario: A hook panics before
      When a book is lent

    @before-skips
    Scenario: A hook skips
      When a book is lent

    @after-fails
    Scenario: A hook fails after
      When a book is lent

    @after-panics
    Scenario: A hook panics after
      When a book is lent

    @after-panics
    Scenario: A step skips, a hook panics
      When it is skipped

    @godog-after-panics
    Scenario: A hook of godog panics
      When a book is lent

  Rule: Worlds are broken
    @world-fails
    Scenario: There is no world
      When a book is lent

    @world-panics
    Scenario: The world panics
      When a book is lent

    @world-skips
    Scenario: The world skips
      When a book is lent

    @bind-fails
    Scenario: The steps are not bound
      When a book is lent

    @close-fails
    Scenario: The world does not close
      When a book is lent

    @unsupported
    Scenario: It is not supported
      When a book is lent

  Rule: What the steps work on is broken
    @list-loses
    Scenario: The list loses a line
      When a book is lent
      Then 2 books are left

    @list-repeats
    Scenario: The list has a line twice
      When a book is lent
      Then 2 books are left

    @list-full
    Scenario: The list cannot be written
      When a book is lent
      Then 2 books are left

    @list-gone
    Scenario: The list cannot be read
      When a book is lent
      Then 2 books are left

    @list-careless
    Scenario: The list misses a conflict
      When a book is lent
      Then another, who has not seen that, is refused

    @list-wrong
    Scenario: The list refuses for another reason
      When a book is lent
      Then another, who has not seen that, is refused

    Scenario: The list is sound
      When a book is lent
      Then another, who has not seen that, is refused

  Rule: Features are broken
    Scenario Outline: Some rows
      When <what>
      Examples:
        | what        |
        | it fails    |
        | one is lent |

    Scenario Outline: No rows
      When <what>
      Examples:
        | what |

    Scenario: The same title
      When a book is lent

    Scenario: The same title
      When it fails

  Rule: Files are strange
    Scenario: A step stands after spaces that do not break
      When it fails
      Then 3 books are left

    Scenario: A step has a table and a text
      When it reads a table and a text
        | a |
        """
        b
        """
      Then 3 books are left
