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

// printPDF has a browser print the sheet of a site, in its folder.
func printPDF(ctx context.Context, program, folder string) (err error) {
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
	sheet := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(folder, printAddress))}
	to := filepath.Join(folder, printed)
	// Without a sandbox: it prints a page that we have just made, and as root
	// Chromium refuses to have one.
	command := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile,
		"--no-pdf-header-footer", "--print-to-pdf="+to, sheet.String())
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("make the PDF with %s: %w\n%s", program, err, said.String())
	}
	if info, err := os.Stat(to); err != nil || info.Size() == 0 {
		return fmt.Errorf("%s left no PDF\n%s", program, said.String())
	}
	return nil
}
