Feature: Empty
  Scenario: Nothing to do
