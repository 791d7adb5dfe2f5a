// Package domain holds the values that all of the hotel shares: ids, money and
// moments, and the refusals that are about them. The rules are below it: of a stay
// in domain/gueststay, of a group in domain/groupcheckout, each with its events, and
// what must hold between the two in domain/audit.
//
// How values are written in stored events is fixed by the .NET programs that read
// and write the same stores.
package domain
