// Package editors asks the language service of the Cucumber extensions what an
// editor finds: which step definitions in the source of the steps, and which of
// them at each step of the features.
//
// The service reads source text and knows nothing of Go's types. It finds a
// definition that is a method call with a literal first argument, alone on its
// line, in a named function or method, and not in a closure, a loop or a
// condition; and it learns of parameter types only from the settings. A project
// that wants its steps found asserts that what [Ask] reports is what its
// definitions have.
//
//	settings, err := editors.Read(".vscode/settings.json")
//	report, err := editors.Ask(ctx, os.DirFS("."), settings)
//
// The service runs on Node.js, and is fetched with npm into the user's cache, at
// the versions of package-lock.json.
package editors
