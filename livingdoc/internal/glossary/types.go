package glossary

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// Types returns a term for each exported type whose doc comment says that it is
// one, of the Go packages in a folder of a file system and all below it; test files
// are left out. What makes a type a term is a line in its comment, which may have the words for it:
//
//	// SetAside is a parcel without a chute.
//	//
//	//glossary:term set aside, or put aside
//	type SetAside struct {
//
// Without words it is the type's name, spelled as "set aside". The meaning is
// the comment as plain text: "A parcel without a chute.". Most types of a program are
// nothing that its readers have to know, which is why they are not taken unasked.
func Types(fsys fs.FS, folder string) ([]Term, error) {
	var terms []Term
	err := fs.WalkDir(fsys, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name != folder && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		found, err := inFolder(fsys, name)
		terms = append(terms, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the doc comments in %s: %w", folder, err)
	}
	return terms, nil
}

// inFolder returns the terms of the package in a folder, if there is one.
func inFolder(fsys fs.FS, folder string) ([]Term, error) {
	names, err := fs.Glob(fsys, path.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	marks := make(map[string]string) // what follows //glossary:term at a type, by the type's name
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		findMarks(file, marks)
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, nil
	}
	pkg, err := doc.NewFromFiles(fset, files, folder)
	if err != nil {
		return nil, err
	}
	var terms []Term
	for _, typ := range pkg.Types {
		mark, marked := marks[typ.Name]
		if !marked {
			continue
		}
		words := split(mark)
		if len(words) == 0 {
			words = []string{spaced(typ.Name)}
		}
		text := prose(pkg, typ)
		if text == "" || anchor(words[0]) == "" {
			continue
		}
		terms = append(terms, newTerm(words[0], words[1:], text, folder+"."+typ.Name))
	}
	return terms, nil
}

// findMarks collects what types say with //glossary:term lines. go/doc drops such
// lines from comments, as it does all directives.
func findMarks(file *ast.File, marks map[string]string) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			typ, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			for _, comments := range []*ast.CommentGroup{group.Doc, typ.Doc} {
				if comments == nil {
					continue
				}
				for _, line := range comments.List {
					if mark, ok := strings.CutPrefix(line.Text, "//glossary:term"); ok {
						marks[typ.Name.Name] = strings.TrimSpace(mark)
					}
				}
			}
		}
	}
}

// prose returns a type's comment as plain text without the type's name at its
// beginning, without code and without headings.
func prose(pkg *doc.Package, typ *doc.Type) string {
	var out strings.Builder
	blocks(&out, pkg.Parser().Parse(typ.Doc).Content)
	text := strings.Join(strings.Fields(out.String()), " ")
	rest, ok := strings.CutPrefix(text, typ.Name+" ")
	if !ok {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		if r, ok := strings.CutPrefix(rest, verb); ok {
			rest = r
			break
		}
	}
	letters := []rune(rest)
	if len(letters) == 0 {
		return ""
	}
	letters[0] = unicode.ToUpper(letters[0])
	return string(letters)
}

func blocks(out *strings.Builder, content []comment.Block) {
	for _, block := range content {
		switch b := block.(type) {
		case *comment.Paragraph:
			spans(out, b.Text)
			out.WriteByte(' ')
		case *comment.List:
			for _, item := range b.Items {
				blocks(out, item.Content)
			}
		}
	}
}

func spans(out *strings.Builder, texts []comment.Text) {
	for _, text := range texts {
		switch t := text.(type) {
		case comment.Plain:
			out.WriteString(string(t))
		case comment.Italic:
			out.WriteString(string(t))
		case *comment.Link:
			spans(out, t.Text)
		case *comment.DocLink:
			// A link names code; its last part, as words, is what it means.
			name := t.Name
			if name == "" {
				name = path.Base(t.ImportPath)
			}
			out.WriteString(spaced(name))
		}
	}
}

// spaced turns a type's name into words: "CheckedIn" into "checked in".
func spaced(name string) string {
	var out strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if unicode.IsUpper(r) {
			afterSmall := i > 0 && !unicode.IsUpper(letters[i-1])
			beforeSmall := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			if i > 0 && (afterSmall || beforeSmall) {
				out.WriteByte(' ')
			}
			if beforeSmall || i+1 == len(letters) && afterSmall {
				r = unicode.ToLower(r)
			}
		}
		out.WriteRune(r)
	}
	return strings.Join(strings.FieldsFunc(out.String(), func(r rune) bool { return r == ' ' || r == '_' }), " ")
}
