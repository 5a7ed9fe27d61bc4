import { CsvFormatValue } from "../interpreter/library/csv-format.ts";
import { type CsvSettings, DEFAULT_CSV } from "../interpreter/library/csv-settings.ts";
import { exception, illegalArgument } from "../interpreter/thrown.ts";
import { ListValue, RangeValue, SetValue, type Value } from "../interpreter/values.ts";
import { CsvError } from "./csv-lexer.ts";
import { parseCsv } from "./csv-parse.ts";
import { CsvPrinter } from "./csv-print.ts";
import { FILE_OR_TEXT, givenText } from "./file-or-text.ts";
import { pathOf, writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

const FORMAT = optional(
  "format",
  "any",
  "A CSVFormat, such as CSVFormat.EXCEL; CSVFormat.DEFAULT when absent.",
);

/** Records from CSV. */
export const readCSV = step({
  name: "readCSV",
  doc: "Reads CSV from a file of the workspace or from a text: a list of records, each a list of texts. No such file: no records.",
  parameters: [...FILE_OR_TEXT, FORMAT],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const settings = settingsOf(call);
    const text = yield* givenText(call);
    if (text === null) {
      // Jenkins says nothing here, which hides a slip in the name.
      call.print(`${pathOf(call, "file")} does not exist: no records`);
      return new ListValue();
    }
    try {
      return new ListValue(parseCsv(text, settings, call.run.evaluator.meter));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      throw exception("java.io.IOException", error.message, call.site);
    }
  },
});

/** Records into a CSV file. */
export const writeCSV = step({
  name: "writeCSV",
  doc: "Writes records as CSV into a file of the workspace.",
  parameters: [
    required("file", "string", "The file."),
    required("records", "list", "The records, each a list of values."),
    FORMAT,
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args, run } = call;
    const settings = settingsOf(call);
    const records = itemsOf(args.value("records"));
    if (records === null)
      throw illegalArgument("You have to provide a list of records to save for writeCSV.");
    if (args.text("file").trim() === "") throw illegalArgument("You have to provide a file for writeCSV.");
    const printer = new CsvPrinter(settings, run.evaluator.meter, (value) => run.textOf(value));
    printer.printHead();
    const { maxRows } = settings;
    for (const record of maxRows > 0 ? records.slice(0, maxRows) : records)
      printer.printRecord(itemsOf(record) ?? [record]);
    yield* writeText(call, pathOf(call, "file"), printer.text(), { encoding: null, append: false });
    return null;
  },
});

/** What the argument `format` says; the default without one. */
function settingsOf(call: StepCall): CsvSettings {
  const format = call.args.value("format");
  if (format === null) return DEFAULT_CSV;
  if (format instanceof CsvFormatValue) return format.settings;
  return call.refuse(
    "format is a CSVFormat, such as CSVFormat.EXCEL or CSVFormat.DEFAULT.withDelimiter(';' as char); a builder makes one by build()",
  );
}

function itemsOf(value: Value): readonly Value[] | null {
  if (value instanceof ListValue || value instanceof RangeValue) return value.items;
  return value instanceof SetValue ? [...value.members.values()] : null;
}
