package main

// onDynamoDB is row 9.
func onDynamoDB() []figure { return nil }
