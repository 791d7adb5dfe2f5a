package livingdoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// printed is the name of the PDF of a site.
const printed = "print.pdf"

// pdfLimit is how long a browser may take.
const pdfLimit = 2 * time.Minute

// findBrowser finds a Chromium, or one of its kin.
func findBrowser() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("a PDF is made by Chromium, and there is none on the PATH; install it, or ask for no PDF (without --pdf)")
}

// printPDF has a browser print the sheet of a site, in its folder, on paper of a size:
// once to find out on which pages its chapters begin, and again with their numbers in
// the contents.
func printPDF(ctx context.Context, program, folder, paper string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, pdfLimit)
	defer cancel()
	folder, err = filepath.Abs(folder)
	if err != nil {
		return fmt.Errorf("make the PDF: %w", err)
	}
	profile, err := os.MkdirTemp("", "livingdoc-*")
	if err != nil {
		return fmt.Errorf("make the PDF: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()
	sheet, err := os.ReadFile(filepath.Join(folder, printAddress))
	if err != nil {
		return fmt.Errorf("make the PDF: %w", err)
	}
	// It stands beside the style sheet, which it needs.
	numbered := filepath.Join(folder, "numbered-"+printAddress)
	defer func() { err = errors.Join(err, os.Remove(numbered)) }()
	pages := map[string]int{}
	for range 2 {
		if err := os.WriteFile(numbered, withPages(sheet, pages, paper), 0o600); err != nil {
			return fmt.Errorf("make the PDF: %w", err)
		}
		made, err := printSheet(ctx, program, profile, numbered, filepath.Join(folder, printed))
		if err != nil {
			return err
		}
		pages = pagesIn(made)
	}
	return nil
}

// printSheet has a browser print a page to a file, and returns what is in that.
func printSheet(ctx context.Context, program, profile, sheet, to string) ([]byte, error) {
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(sheet)}
	// Without a sandbox: it prints a page that we have just made, and as root
	// Chromium refuses to have one.
	command := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile,
		"--generate-pdf-document-outline", "--no-pdf-header-footer", "--print-to-pdf="+to, address.String())
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("make the PDF with %s: %w\n%s", program, err, said.String())
	}
	made, err := os.ReadFile(to)
	if err != nil || len(made) == 0 {
		return nil, fmt.Errorf("%s left no PDF\n%s", program, said.String())
	}
	return made, nil
}

var (
	entryOfContents = regexp.MustCompile(`<a href="?#([^">]+)"?>`)
	pageObject      = regexp.MustCompile(`(?m)^(\d+) 0 obj\s*<</Type /Page\s`)
	kids            = regexp.MustCompile(`/Kids \[([^\]]*)\]`)
	object          = regexp.MustCompile(`(\d+) 0 R`)
	destination     = regexp.MustCompile(`/([\w-]+) \[(\d+) 0 R /XYZ`)
)

// withPages is the sheet for paper of a size, with the numbers of pages in its contents.
func withPages(sheet []byte, pages map[string]int, paper string) []byte {
	begin := bytes.Index(sheet, []byte("class=toc"))
	end := begin + bytes.Index(sheet[max(begin, 0):], []byte("</nav>"))
	if begin < 0 || end < begin {
		begin, end = len(sheet), len(sheet)
	}
	contents := entryOfContents.ReplaceAllFunc(sheet[begin:end], func(found []byte) []byte {
		id := string(entryOfContents.FindSubmatch(found)[1])
		if pages[id] == 0 {
			return found
		}
		return fmt.Appendf(nil, `<a href="#%s" data-page="%d">`, id, pages[id])
	})
	made := slices.Concat(sheet[:begin], contents, sheet[end:])
	style := "<style>@page{size:" + paper + "}</style>"
	return bytes.Replace(made, []byte("<body"), []byte(style+"<body"), 1)
}

// pagesIn finds out on which page of a PDF, as Chromium makes them, each place is that
// a link leads to. It is empty if the PDF has another form.
func pagesIn(pdf []byte) map[string]int {
	isPage := map[string]bool{}
	for _, found := range pageObject.FindAllSubmatch(pdf, -1) {
		isPage[string(found[1])] = true
	}
	numbers := map[string]int{}
	for _, list := range kids.FindAllSubmatch(pdf, -1) {
		for _, found := range object.FindAllSubmatch(list[1], -1) {
			if id := string(found[1]); isPage[id] && numbers[id] == 0 {
				numbers[id] = len(numbers) + 1
			}
		}
	}
	made := map[string]int{}
	for _, found := range destination.FindAllSubmatch(pdf, -1) {
		if page := numbers[string(found[2])]; page > 0 {
			made[string(found[1])] = page
		}
	}
	return made
}
