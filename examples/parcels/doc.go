// Package parcels is a sorting centre: another domain on es, reactor, stores and
// harness. The sorter, a reactor, lets each parcel of a truck go down the chute of
// its destination, or sets it aside where there is no room, and releases the
// truck. The kit's docs/own-process.md walks through it.
package parcels
