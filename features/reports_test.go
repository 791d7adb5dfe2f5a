package features_test

import (
	"groupcheckout/harness/gherkin/junit"
	"groupcheckout/harness/gherkin/messages"
	"groupcheckout/harness/gherkin/suite"
)

// reporters write the run to the files that the flags name.
func reporters() []suite.Reporter {
	const folder = "features" // this one, from the root of the project
	options := shared.options
	var list []suite.Reporter
	if options.messages != "" {
		list = append(list, messages.New(options.messages, messages.Config{
			Folder: folder, Store: options.store, How: shared.ground.how(),
		}))
	}
	if options.junit != "" {
		list = append(list, junit.New(options.junit, junit.Config{
			Folder:     folder,
			Properties: []junit.Property{{Name: "store", Value: options.store}, {Name: "how", Value: shared.ground.how()}},
		}))
	}
	return list
}
