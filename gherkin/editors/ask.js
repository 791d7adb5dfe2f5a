// Reads files and parameter types from standard input, has the language service
// look for definitions, and writes what it finds to standard output; see ask.go.
const { readFileSync } = require('node:fs')
const path = require('node:path')
const service = require('@cucumber/language-service')
const { WasmParserAdapter } = require('@cucumber/language-service/wasm')
const { AstBuilder, GherkinClassicTokenMatcher, Parser, compile } = require('@cucumber/gherkin')
const { IdGenerator } = require('@cucumber/messages')

// The source of a Cucumber Expression, or of a regular one.
const textOf = (expression) => expression.source

async function main() {
  const question = JSON.parse(readFileSync(0, 'utf8'))
  const parsers = path.join(process.cwd(), 'node_modules', '@cucumber', 'language-service', 'dist')
  const adapter = new WasmParserAdapter(parsers)
  await adapter.init()
  const found = new service.ExpressionBuilder(adapter).build(
    question.glue.map((file) => ({ languageName: 'go', uri: file.uri, content: file.content })),
    question.parameterTypes,
  )
  const answer = {
    definitions: found.expressionLinks.map((link) => ({
      expression: textOf(link.expression),
      uri: link.locationLink.targetUri,
      line: link.locationLink.targetSelectionRange.start.line + 1,
    })),
    steps: [],
    undefined: [],
    errors: found.errors.map((error) => error.message),
  }
  const expressions = found.expressionLinks.map((link) => link.expression)
  for (const feature of question.features) {
    for (const complaint of service.getGherkinDiagnostics(feature.content, expressions)) {
      answer.undefined.push(`${feature.uri}:${complaint.range.start.line + 1}: ${complaint.message}`)
    }
    const newId = IdGenerator.incrementing()
    const document = new Parser(new AstBuilder(newId), new GherkinClassicTokenMatcher()).parse(feature.content)
    const lines = new Map()
    const note = (node) => {
      for (const step of node.steps ?? []) lines.set(step.id, step.location.line)
      for (const child of node.children ?? []) note(child.background ?? child.scenario ?? child.rule)
    }
    if (document.feature) note(document.feature)
    for (const pickle of compile(document, feature.uri, newId)) {
      for (const step of pickle.steps) {
        answer.steps.push({
          uri: feature.uri,
          line: lines.get(step.astNodeIds[0]),
          text: step.text,
          expressions: expressions.filter((e) => e.match(step.text)).map(textOf),
        })
      }
    }
  }
  process.stdout.write(JSON.stringify(answer))
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
})
