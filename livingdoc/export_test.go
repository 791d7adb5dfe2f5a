package livingdoc

import "example.com/groupcheckout/livingdoc/internal/github"

// GitHub is what [Report.Summary] and [Report.Annotations] are made of.
func (r Report) GitHub() github.Report { return r.gitHub }
