package cck

import (
	"context"
	"errors"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// samples has every sample of the kit.
func samples() map[string]sample {
	nothing := func(*world, *gherkin.Registrar) {}
	cucumbers := sample{define: (*world).cucumbers}
	orders := sample{define: (*world).orders}
	passing := suite.RunHook{Run: func(context.Context) error { return nil }}
	two := []suite.RunHook{passing, passing}
	return map[string]sample{
		"all-statuses":                       {define: (*world).statuses},
		"ambiguous":                          {define: (*world).ambiguous},
		"attachments":                        {define: (*world).attachments},
		"backgrounds":                        orders,
		"cdata":                              {define: (*world).cdata},
		"data-tables":                        {define: (*world).tables},
		"doc-strings":                        {define: (*world).docStrings},
		"empty":                              {define: nothing},
		"examples-tables":                    {define: (*world).shares},
		"examples-tables-attachment":         {define: (*world).images},
		"examples-tables-undefined":          cucumbers,
		"examples-tables-undefined-multiple": cucumbers,
		"failedish-combinations":             {define: (*world).combinations},
		"global-hooks":                       {define: (*world).passOrFail, before: two, after: two},
		"global-hooks-afterall-error": {define: (*world).pass, before: two, after: []suite.RunHook{
			passing, failing("AfterAll hook went wrong"), passing,
		}},
		"global-hooks-attachments": {
			define: (*world).pass,
			before: []suite.RunHook{attaching("Attachment from BeforeAll hook")},
			after:  []suite.RunHook{attaching("Attachment from AfterAll hook")},
		},
		"global-hooks-beforeall-error": {define: (*world).pass, after: two, before: []suite.RunHook{
			passing, failing("BeforeAll hook went wrong"), passing,
		}},
		"hooks":                      {define: (*world).hooks},
		"hooks-attachment":           {define: (*world).hooksAttach},
		"hooks-conditional":          {define: (*world).hooksConditional},
		"hooks-named":                {define: (*world).hooksNamed},
		"hooks-skipped":              {define: (*world).hooksSkipped},
		"hooks-undefined":            {define: (*world).hooksOnly},
		"markdown":                   {define: nothing},
		"minimal":                    {define: (*world).minimal},
		"multiple-features":          {define: (*world).order},
		"multiple-features-reversed": {define: (*world).order},
		"parameter-types":            {define: (*world).flights},
		"pending":                    {define: (*world).pending},
		"pending-exception":          {define: (*world).pendingWithReason},
		"regular-expression":         {define: (*world).vegetables},
		"retry":                      {define: (*world).retry},
		"retry-ambiguous":            {define: (*world).twice, broken: true},
		"retry-pending":              {define: (*world).retryPending},
		"retry-undefined":            {define: nothing},
		"rules":                      {define: (*world).shop},
		"rules-backgrounds":          orders,
		"skipped":                    {define: (*world).skipped},
		"skipped-exception":          {define: (*world).skippedWithReason},
		"skipped-failing-hook":       {define: (*world).skippedThenFailing},
		"stack-traces":               {define: (*world).throws},
		"test-run-exception":         {define: (*world).step},
		"undefined":                  {define: (*world).implemented},
		"undefined-multiple":         {define: (*world).implemented},
		"unknown-parameter-type":     {define: (*world).airport, broken: true},
		"unused-steps":               {define: (*world).unused},
	}
}

func failing(message string) suite.RunHook {
	return suite.RunHook{Run: func(context.Context) error { return errors.New(message) }}
}

func attaching(text string) suite.RunHook {
	return suite.RunHook{Run: func(ctx context.Context) error {
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: "text/plain", Text: text})
		return nil
	}}
}
