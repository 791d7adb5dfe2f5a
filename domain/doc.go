// Package domain holds the values that all of the hotel shares: ids, money and
// moments. How they are written in stored events is fixed by the .NET programs
// that read and write the same stores.
package domain
