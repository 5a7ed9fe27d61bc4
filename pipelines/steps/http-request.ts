import type { Stored } from "../ports.ts";
import { fieldOf, textIn, toValue } from "../engine/convert.ts";
import { PlainObject } from "../engine/objects/plain-object.ts";
import { pathIn } from "../engine/paths.ts";
import { noteOutward } from "../engine/session.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  TEXT_HTML: "text/html",
  TEXT_PLAIN: "text/plain",
  APPLICATION_FORM: "application/x-www-form-urlencoded",
  APPLICATION_JSON: "application/json",
  APPLICATION_JSON_UTF8: "application/json; charset=UTF-8",
  APPLICATION_XML: "application/xml",
  APPLICATION_TAR: "application/x-tar",
  APPLICATION_ZIP: "application/zip",
  APPLICATION_OCTETSTREAM: "application/octet-stream",
};

const NO_EFFECT = "Has no effect here.";

/** One HTTP request from the server. */
export const httpRequest = step({
  name: "httpRequest",
  doc: "Makes an HTTP request and gives its status, content and headers.",
  parameters: [
    required("url", "string", "Where to."),
    optional(
      "httpMode",
      { oneOf: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] },
      "The method.",
      "GET",
    ),
    optional("requestBody", "string", "What to send."),
    optional("contentType", "string", "APPLICATION_JSON and so on, or a media type."),
    optional("acceptType", "string", "What is wanted back."),
    optional("customHeaders", "list", "Maps with name and value."),
    optional("authentication", "string", "Name of a secret with user and password."),
    optional("validResponseCodes", "string", "Ranges that are no error.", "100:399"),
    optional("validResponseContent", "string", "Text the answer must hold."),
    optional("timeout", "int", "Seconds; 0: as long as the server allows.", 0),
    optional("outputFile", "string", "File in the workspace for the content."),
    optional("uploadFile", "string", "File in the workspace to send."),
    optional("multipartName", "string", NO_EFFECT),
    optional("wrapAsMultipart", "boolean", NO_EFFECT),
    optional("formData", "list", NO_EFFECT),
    optional("consoleLogResponseBody", "boolean", "Write the content into the console.", false),
    optional("quiet", "boolean", "Write nothing into the console.", false),
    optional("ignoreSslErrors", "boolean", "Take any certificate.", false),
    optional("httpProxy", "string", NO_EFFECT),
    optional("proxyAuthentication", "string", NO_EFFECT),
    optional("useSystemProperties", "boolean", NO_EFFECT),
    optional("responseHandle", "string", NO_EFFECT),
  ],
  positional: "url",
  block: "none",
  needsAgent: false,
  kind: "http",
  policy: "once",
  *behave(call) {
    const { args } = call;
    const method = args.text("httpMode").toUpperCase();
    call.label(`${method} ${args.text("url")}`);
    if (!args.flag("quiet")) call.print(`HttpMethod: ${method}\nURL: ${args.text("url")}`);
    if (method !== "GET" && method !== "HEAD") noteOutward(call.run);
    const timeout = args.int("timeout");
    const ended = yield* call.effect({
      kind: "http",
      method,
      url: args.text("url"),
      headers: headers(call),
      body: args.optionalText("requestBody"),
      credential: args.optionalText("authentication"),
      timeoutMs: timeout > 0 ? timeout * 1000 : null,
      ignoreTls: args.flag("ignoreSslErrors"),
      output: fileIn(call, "outputFile"),
      upload: fileIn(call, "uploadFile"),
    });
    return judged(call, ended);
  },
});

function headers(call: StepCall): { name: string; value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (const header of call.args.list("customHeaders"))
    if (header instanceof MapValue)
      found.push({
        name: call.run.textOf(header.get("name") ?? ""),
        value: call.run.textOf(header.get("value") ?? ""),
      });
  const content = call.args.optionalText("contentType");
  const accept = call.args.optionalText("acceptType");
  if (content !== null) found.push({ name: "Content-Type", value: MEDIA_TYPES[content] ?? content });
  if (accept !== null) found.push({ name: "Accept", value: MEDIA_TYPES[accept] ?? accept });
  return found;
}

function fileIn(call: StepCall, argument: string): { session: string; path: string } | null {
  const file = call.args.optionalText(argument);
  return file === null ? null : { session: call.session().id, path: pathIn(call.run.context.cwd, file) };
}

function judged(call: StepCall, ended: Stored): PlainObject {
  const { args } = call;
  const status = fieldOf(ended, "status");
  const code = typeof status === "number" ? status : 0;
  const content = textIn(fieldOf(ended, "content"));
  if (!args.flag("quiet")) call.print(`Response Code: ${code}`);
  if (args.flag("consoleLogResponseBody")) call.print(`Response: \n${content}`);
  if (!isValid(code, args.text("validResponseCodes")))
    return call.fail(
      `Fail: Status code ${code} is not in the accepted range: ${args.text("validResponseCodes")}`,
    );
  const wanted = args.text("validResponseContent");
  if (wanted !== "" && !content.includes(wanted))
    return call.fail(`Fail: Response doesn't contain expected content '${wanted}'`);
  return new PlainObject(
    "jenkins.plugins.http_request.ResponseContentSupplier",
    [
      ["status", code],
      ["content", content],
      ["headers", toValue(fieldOf(ended, "headers"))],
      ["charset", "UTF-8"],
    ],
    `Status: ${code}`,
  );
}

/** `100:399`, `200`, `200,404`. */
function isValid(code: number, ranges: string): boolean {
  return ranges.split(",").some((range) => {
    const [from = "", to = from] = range.trim().split(":");
    return code >= Number(from) && code <= Number(to);
  });
}
