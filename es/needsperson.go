package es

// NeedsPerson tells whether trying again is of no use until somebody has acted:
// has corrected a setting, granted a right, mended what is stored, or decided that
// a loss is to be accepted. It is so if any error in the tree of err, whether
// wrapped or joined, has a method NeedsPerson() bool that says so; an error
// without that method leaves it to what it wraps. It is not so for nil.
func NeedsPerson(err error) bool {
	if says, ok := err.(interface{ NeedsPerson() bool }); ok && says.NeedsPerson() {
		return true
	}
	switch wrapper := err.(type) { //nolint:errorlint // the tree is walked here
	case interface{ Unwrap() error }:
		return NeedsPerson(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		for _, wrapped := range wrapper.Unwrap() {
			if NeedsPerson(wrapped) {
				return true
			}
		}
	}
	return false
}
