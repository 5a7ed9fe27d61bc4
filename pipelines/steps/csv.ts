import { exception, illegalArgument } from "../interpreter/thrown.ts";
import { ListValue, RangeValue, SetValue, type Value } from "../interpreter/values.ts";
import { CsvError, formatCsv, parseCsv } from "./csv-text.ts";
import { FILE_OR_TEXT, givenText } from "./file-or-text.ts";
import { pathOf, writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

const FORMAT = optional("format", "any", "Refused: only the default format is known.");

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
    refuseFormat(call, "read another format by readFile and split its lines: readFile('a.csv').readLines()");
    const text = yield* givenText(call);
    if (text === null) {
      // Jenkins says nothing here, which hides a slip in the name.
      call.print(`${pathOf(call, "file")} does not exist: no records`);
      return new ListValue();
    }
    try {
      const records = parseCsv(text, call.run.evaluator.meter);
      return new ListValue(records.map((record) => new ListValue(record)));
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
    refuseFormat(call, "write another format by writeFile: records.collect { it.join(';') }.join('\\n')");
    const records = itemsOf(args.value("records"));
    if (records === null)
      throw illegalArgument("You have to provide a list of records to save for writeCSV.");
    if (args.text("file").trim() === "") throw illegalArgument("You have to provide a file for writeCSV.");
    const texts = records.map((record) => {
      const values = itemsOf(record) ?? [record];
      run.evaluator.meter.tick(1 + values.length);
      return values.map((value) => (value === null ? "" : run.textOf(value)));
    });
    yield* writeText(call, pathOf(call, "file"), formatCsv(texts), { encoding: null, overwrite: true });
    return null;
  },
});

function refuseFormat(call: StepCall, instead: string): void {
  if (call.args.has("format"))
    call.refuse(`only the default format is known (commas, double quotes), not one of CSVFormat; ${instead}`);
}

function itemsOf(value: Value): readonly Value[] | null {
  if (value instanceof ListValue || value instanceof RangeValue) return value.items;
  return value instanceof SetValue ? [...value.members.values()] : null;
}
