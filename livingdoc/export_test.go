package livingdoc

// PagesInPDF tells tests what is found in a PDF.
func PagesInPDF(pdf string) map[string]int { return pagesIn([]byte(pdf)) }
