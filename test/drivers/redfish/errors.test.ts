import { describe, expect, test } from "vitest";
import { actionOf, messagesOf, rejection, type Refusal } from "../../../src/drivers/redfish/errors.ts";
import { redfishQuirks } from "../../../src/drivers/redfish/quirks.ts";

const refusal = (status: number, body: unknown): Refusal => ({
  status,
  messages: messagesOf(body),
  text: typeof body === "string" ? body : JSON.stringify(body),
});

const info = (id: string, text = "In the BMC's words.") => ({
  error: {
    code: "Base.1.0.GeneralError",
    message: "General.",
    "@Message.ExtendedInfo": [{ MessageId: id, Message: text }],
  },
});

const judge = (status: number, body: unknown, rules: Parameters<typeof rejection>[2] = []) =>
  rejection(refusal(status, body), { operation: "POST", uri: "/x" }, rules);

describe("a MessageId decides, whatever its registry, version and status", () => {
  test.each([
    [503, "IDRAC.2.1.RAC0218", "BMC_BUSY"],
    [400, "Base.1.12.ResourceInUse", "BMC_BUSY"],
    [503, "Base.1.12.ServiceTemporarilyUnavailable", "BMC_BUSY"],
    [409, "Base.1.12.ActionParameterValueConflict", "BMC_BUSY"],
    [400, "Base.1.4.SessionLimitExceeded", "BMC_BUSY"],
    [400, "Base.1.8.LicenseRequired", "BMC_UNLICENSED"],
    [400, "Base.1.8.SourceDoesNotSupportProtocol", "UNSUPPORTED_BY_BMC"],
    [400, "Base.1.8.PropertyValueNotInList", "UNSUPPORTED_BY_BMC"],
    [403, "Base.1.8.InsufficientPrivilege", "BMC_AUTHENTICATION"],
    [400, "IDRAC.2.8.RAC0904", "BMC_REJECTED"],
    [500, "Base.1.8.InternalError", "BMC_REJECTED"],
  ])("%i with %s is %s", (status, id, code) => {
    const error = judge(status, info(id));
    expect(error).toMatchObject({ code, context: { bmcCode: id, bmcText: "In the BMC's words.", status, uri: "/x" } });
  });

  test("an id is compared whole, not by its end", () => {
    expect(judge(400, info("Base.1.0.NotAResourceInUse")).code).toBe("BMC_REJECTED");
  });

  test("of several the one that says more than that the request was wrong", () => {
    const infos = ["PropertyUnknown", "LicenseRequired"].map((id) => ({ MessageId: `Base.1.8.${id}`, Message: id }));
    expect(judge(400, { error: { "@Message.ExtendedInfo": infos } })).toMatchObject({
      code: "BMC_UNLICENSED",
      context: { bmcCode: "Base.1.8.LicenseRequired" },
    });
  });
});

test.each([
  [401, "BMC_AUTHENTICATION"],
  [403, "BMC_AUTHENTICATION"],
  [404, "BMC_REJECTED"],
  [405, "UNSUPPORTED_BY_BMC"],
  [429, "BMC_BUSY"],
  [500, "BMC_REJECTED"],
  [501, "UNSUPPORTED_BY_BMC"],
  [503, "BMC_BUSY"],
  [504, "BMC_TIMEOUT"],
])("without a known id %i is %s", (status, code) => {
  expect(judge(status, {}).code).toBe(code);
});

describe("the forms in which services say it", () => {
  test("ExtendedInfo is one object instead of a list", () => {
    const message = { MessageId: "Base.1.8.ResourceInUse", Message: "Already attached." };
    expect(judge(500, { error: { "@Message.ExtendedInfo": message } })).toMatchObject({
      code: "BMC_BUSY",
      context: { bmcText: "Already attached." },
    });
  });

  test("the code is missing, or stands alone", () => {
    expect(judge(400, { error: { message: "No code here." } }).context.bmcText).toBe("No code here.");
    expect(judge(400, { error: { code: "Base.1.8.LicenseRequired", message: "Pay." } }).code).toBe("BMC_UNLICENSED");
  });

  test("the message hangs at a property, or at the top", () => {
    const message = [{ MessageId: "Base.1.8.PropertyValueNotInList", Message: "No Cd." }];
    expect(judge(400, { "Boot@Message.ExtendedInfo": message }).code).toBe("UNSUPPORTED_BY_BMC");
    expect(judge(400, { "@Message.ExtendedInfo": message }).code).toBe("UNSUPPORTED_BY_BMC");
  });

  test("a page of HTML gives its title, not its markup", () => {
    const page = "<html><head><title>404 - Not\n Found</title></head><body><script>x()</script></body></html>";
    expect(judge(404, page).context.bmcText).toBe("404 - Not Found");
    expect(judge(500, "<body><h1>It</h1> <b>broke</b></body>").context.bmcText).toBe("It broke");
    expect(judge(500, "x".repeat(5000)).context.bmcText).toHaveLength(500);
  });

  test.each([null, [], "", 5, { error: "text" }, { error: { "@Message.ExtendedInfo": ["odd", null] } }])(
    "%j is survived",
    (body) => {
      expect(judge(418, body).code).toBe("BMC_REJECTED");
    },
  );
});

test("a specific message is quoted instead of the general one beside it", () => {
  const error = judge(400, info("Base.1.8.InternalError", "Disk on fire."));
  expect(error.message).toBe("The BMC answered 400: Disk on fire.");
});

describe("a quirk's rules", () => {
  const rules = redfishQuirks.parse({
    errors: {
      list: [
        { match: { id: "VRM0012", status: 400 }, code: "BMC_BUSY", hint: "Wait.", action: "retry" },
        { match: { id: "IDRAC.2.8.VRM0012" }, code: "SLOT_OCCUPIED", action: "eject-then-retry" },
        { match: { text: "^domain is not" }, code: "BMC_BUSY" },
      ],
    },
  }).errors.list;

  test("come before the table, and all that they ask for must hold", () => {
    const error = judge(400, info("IDRAC.2.8.VRM0012"), rules);
    expect(error).toMatchObject({ code: "BMC_BUSY", hint: "Wait.", context: { bmcCode: "IDRAC.2.8.VRM0012" } });
    expect(actionOf(error)).toBe("retry");
    expect(judge(500, info("IDRAC.2.8.VRM0012"), rules).code).toBe("SLOT_OCCUPIED");
    expect(judge(500, info("IDRAC.2.9.VRM0012"), rules).code).toBe("BMC_REJECTED");
  });

  test("name an id from a dot on, never a part of it", () => {
    const [rule] = redfishQuirks.parse({ errors: { list: [{ match: { id: "InUse" }, code: "BMC_BUSY" }] } }).errors
      .list;
    expect(judge(400, info("Oem.1.0.StickInUse"), rule === undefined ? [] : [rule]).code).toBe("BMC_REJECTED");
    expect(judge(400, info("Oem.1.0.InUse"), rule === undefined ? [] : [rule]).code).toBe("BMC_BUSY");
  });

  test("may read the text, where nothing else tells", () => {
    expect(judge(500, info("Base.1.0.GeneralError", "Domain is not running"), rules).code).toBe("BMC_BUSY");
  });
});

test("a secret in the BMC's words is masked", () => {
  const error = judge(
    400,
    info("Base.1.0.GeneralError", "Cannot read http://u:secret@host/m/abcdefghijklmnopqrstuvwxyz/x.iso"),
  );
  expect(JSON.stringify([error.message, error.context])).not.toMatch(/secret|abcdefghijklmnop/);
});

test.each([
  ["ServiceTemporarilyUnavailable", "retry"],
  ["ActionParameterMissing", "param-missing"],
  ["PropertyNotWritable", "param-unknown"],
  ["ResourceInUse", undefined],
])("the action of %s is %s", (id, action) => {
  expect(actionOf(judge(400, info(`Base.1.8.${id}`)))).toBe(action);
});

test("no other error has an action", () => {
  expect(actionOf(new Error("action"))).toBeUndefined();
});
