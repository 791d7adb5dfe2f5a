// Package gueststay is the aggregate of one guest's stay: checked in, charged
// and paid for, and in the end either checked out or transferred to a group
// checkout. Read it in the order events, state, decide, codec, service.
//
// The streams and bodies are those of the .NET program's GuestStay.
package gueststay
