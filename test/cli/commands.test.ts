// The smaller commands: the requests they send, exactly, and what they show.
import { describe, expect, test } from "vitest";
import { type Expected, get, post, remove } from "./rest-stub.ts";
import { runAgainst } from "./run.ts";
import { attached, image, machine, operation } from "./samples.ts";

const attachPath = "/v1/machines/web1/attachments";

describe("slots, boot and power", () => {
  test("media shows the slots and ejects one", async () => {
    const slots = [
      {
        id: "Cd",
        mediaTypes: ["CD", "DVD"],
        urlCapable: true,
        state: { inserted: true, image: "http://x/y" },
        attachmentId: "a-1",
      },
    ];
    const { stdout } = await runAgainst([get("/v1/machines/web1/media", { slots })], ["media", "web1"]);
    expect(stdout).toMatch(/^Cd +CD DVD +yes +yes +http:\/\/x\/y +a-1$/m);
    expect(
      (
        await runAgainst(
          [remove("/v1/machines/web1/media/Cd?force=true", { operation })],
          ["media", "web1", "--eject", "Cd", "--force"],
        )
      ).code,
    ).toBe(0);
  });

  test("boot shows, sets and clears the override", async () => {
    const path = "/v1/machines/web1/boot";
    const view = { override: { target: "None", enabled: "Disabled" }, targets: ["Cd", "Pxe"] };
    const { stdout } = await runAgainst([get(path, view)], ["boot", "web1"]);
    expect(stdout).toMatch(/^override +none$/m);
    const put = (body: object): Expected => ({ method: "PUT", path, body, status: 202, json: { operation } });
    expect((await runAgainst([put({ target: "Cd", enabled: "Once" })], ["boot", "web1", "Cd"])).code).toBe(0);
    expect(
      (
        await runAgainst(
          [put({ target: "Pxe", enabled: "Continuous", mode: "UEFI" })],
          "boot web1 Pxe --continuous --mode UEFI".split(" "),
        )
      ).code,
    ).toBe(0);
    expect((await runAgainst([put({ target: "None", enabled: "Disabled" })], ["boot", "web1", "--clear"])).code).toBe(
      0,
    );
  });

  test("power shows the state and resets", async () => {
    const path = "/v1/machines/web1/power";
    const { stdout } = await runAgainst([get(path, { state: "On", resetTypes: ["ForceRestart"] })], ["power", "web1"]);
    expect(stdout).toMatch(/^power +On$/m);
    expect(
      (await runAgainst([post(path, { type: "ForceRestart" }, { operation })], ["power", "web1", "ForceRestart"])).code,
    ).toBe(0);
  });
});

describe("images, operations, tokens, audit, status", () => {
  test("image list, show, add and remove", async () => {
    const { stdout } = await runAgainst([get("/v1/images?limit=1000", { items: [image] })], ["image", "list"]);
    expect(stdout).toContain("1.5 MiB");
    expect(
      (await runAgainst([get(`/v1/images/${image.digest}`, image)], ["image", "show", `sha256:${image.digest}`])).code,
    ).toBe(0);
    expect(
      (
        await runAgainst(
          [post("/v1/images", { source: { uri: "http://h/x" }, role: "boot" }, image, 201)],
          "image add http://h/x --as boot".split(" "),
        )
      ).code,
    ).toBe(0);
    expect((await runAgainst([remove(`/v1/images/${image.digest}`)], ["image", "remove", image.digest])).code).toBe(0);
  });

  test("image ca prints the generated CA without asking the gateway", async () => {
    expect((await runAgainst([], ["image", "ca"])).stdout).toBe("-----BEGIN CERTIFICATE-----\n");
  });

  test("operation list, show and cancel", async () => {
    expect(
      (
        await runAgainst(
          [get("/v1/operations?machine=web1&state=queued&state=running&limit=1000", { items: [operation] })],
          "operation list --machine web1 --state queued running".split(" "),
        )
      ).code,
    ).toBe(0);
    expect((await runAgainst([get("/v1/operations/op-1", operation)], ["operation", "show", "op-1"])).code).toBe(0);
    expect(
      (await runAgainst([post("/v1/operations/op-1/cancel", undefined, operation)], ["operation", "cancel", "op-1"]))
        .code,
    ).toBe(0);
  });

  test("audit filters by machine and attachment", async () => {
    const record = {
      seq: 1,
      at: operation.createdAt,
      actor: "admin",
      action: "attach.done",
      machineName: "web1",
      detail: {},
    };
    const { stdout } = await runAgainst(
      [get("/v1/audit?machine=web1&attachment=a-1&limit=1000", { items: [record] })],
      "audit --machine web1 --attachment a-1".split(" "),
    );
    expect(stdout).toMatch(/admin +attach\.done +web1/);
  });

  test("audit says which file was read when, to the second, and by whom what was asked for", async () => {
    const digest = "d".repeat(64);
    const at = new Date(2026, 0, 1, 14, 3, 22).toISOString();
    const entry = { seq: 1, at, actor: "bmc", machineName: "web1", digest };
    const items = [
      { ...entry, action: "image.file-read", detail: { file: "openstack/latest/user_data", sizeBytes: 18 } },
      { ...entry, action: "image.stranger-refused", actor: "stranger", detail: { remote: "192.0.2.66" } },
      { ...entry, action: "replace.done", actor: "ada", detail: { slot: "Cd", former: "e".repeat(64), image: null } },
      { ...entry, action: "media.prepared", actor: "ada", detail: { list: [1, 2] } },
    ];
    const { stdout } = await runAgainst([get("/v1/audit?limit=1000", { items })], ["audit"]);
    const line = (action: string): string | undefined => stdout.split("\n").find((text) => text.includes(action));
    expect(line("file-read")).toMatch(/^2026-01-01 14:03:22 .* file=openstack\/latest\/user_data sizeBytes=18$/);
    expect(line("stranger-refused")).toMatch(/ remote=192\.0\.2\.66$/);
    expect(line("replace.done")).toMatch(/ slot=Cd former=eeeeeeeeeeee$/);
    expect(line("media.prepared")).toMatch(/ list=\[1,2\]$/);
  });

  test("status of everything shows what is attached and what is under way", async () => {
    const live = "state=attaching&state=attached&state=detaching";
    const { stdout } = await runAgainst(
      [
        get("/readyz", { status: "ready" }),
        get(`/v1/attachments?${live}&limit=1000`, { items: [attached] }),
        get("/v1/attachments?state=detached&state=failed&leftIn=true&limit=1000", { items: [] }),
        get("/v1/operations?state=queued&state=running&state=compensating&limit=1000", { items: [operation] }),
      ],
      ["status"],
    );
    expect(stdout).toMatch(/^web1 +configdrive +attached +Cd +a{12} +1\.5 MiB/m);
    expect(stdout).toContain("attach on web1, queued (op-1)");
  });

  test("status of a machine shows the evidence", async () => {
    const live = "state=attaching&state=attached&state=detaching";
    const { stdout } = await runAgainst(
      [
        get("/v1/machines/web1", machine),
        get(`${attachPath}?${live}&limit=1000`, { items: [attached] }),
        get(`${attachPath}?state=detached&state=failed&leftIn=true&limit=1000`, { items: [] }),
        get("/v1/operations?machine=m-1&state=queued&state=running&state=compensating&limit=1000", { items: [] }),
      ],
      ["status", "web1"],
    );
    expect(stdout).toMatch(/^slot +Cd CD$/m);
    expect(stdout).toMatch(/^read +4 KiB of 1\.5 MiB in 3 requests from 192\.0\.2\.7/m);
  });

  test("status tells of a slot that may still hold what was detached", async () => {
    const warning = "Slot Cd shows a URL like ours under an address that is not ours: it was left in.";
    const left = { ...attached, state: "detached", leftIn: "Cd", observed: undefined, warnings: [warning] };
    const live = "state=attaching&state=attached&state=detaching";
    const told = `slot Cd of web1 may still hold our medium of attachment a-1; it is looked at again by itself\n! ${warning}\n`;
    const under = "state=queued&state=running&state=compensating&limit=1000";
    const ofAll = [
      get("/readyz", { status: "ready" }),
      get(`/v1/attachments?${live}&limit=1000`, { items: [] }),
      get("/v1/attachments?state=detached&state=failed&leftIn=true&limit=1000", { items: [left] }),
      get(`/v1/operations?${under}`, { items: [] }),
    ];
    const ofMachine = [
      get("/v1/machines/web1", machine),
      get(`${attachPath}?${live}&limit=1000`, { items: [] }),
      get(`${attachPath}?state=detached&state=failed&leftIn=true&limit=1000`, { items: [left] }),
      get(`/v1/operations?machine=m-1&${under}`, { items: [] }),
    ];
    expect((await runAgainst(ofAll, ["status"])).stdout).toContain(told);
    expect((await runAgainst(ofMachine, ["status", "web1"])).stdout).toContain(told);
    expect(JSON.parse((await runAgainst(ofMachine, ["status", "web1", "--json"])).stdout)).toMatchObject({
      attachments: [],
      left: [{ id: "a-1", leftIn: "Cd" }],
    });
  });
});
