import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adminTokenFile, ensureAdminToken } from "../../src/store/admin-token.ts";
import { openStateDir } from "../../src/store/state-dir.ts";
import { openTempStore } from "../tools/temp-store.ts";
import { readFileSync } from "node:fs";

describe("the state directory", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "mediabay-state-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it("is made for the owner only, and closed to others where it was open", () => {
    const fresh = join(parent, "a", "b");
    openStateDir(fresh).release();
    expect(statSync(fresh).mode & 0o777).toBe(0o700);
    const open = join(parent, "open");
    mkdirSync(open);
    chmodSync(open, 0o755);
    openStateDir(open).release();
    expect(statSync(open).mode & 0o777).toBe(0o700);
  });

  it("is given to one at a time", () => {
    const first = openStateDir(parent);
    expect(() => openStateDir(parent)).toThrow(expect.objectContaining({ code: "STATE_LOCKED" }));
    first.release();
    first.release();
    openStateDir(parent).release();
  });

  it("stays locked by another process until that is killed", async () => {
    const script = `import { openStateDir } from ${JSON.stringify(join(import.meta.dirname, "../../src/store/state-dir.ts"))};
      openStateDir(process.argv[1]); gc(); process.stdout.write("locked"); setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--expose-gc", "--input-type=module-typescript", "-e", script, parent], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(child.stdout, "data");
      expect(() => openStateDir(parent)).toThrow(
        expect.objectContaining({ code: "STATE_LOCKED", hint: expect.stringContaining("stop it") }),
      );
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    openStateDir(parent).release();
  });

  it("is refused where it cannot be made", () => {
    writeFileSync(join(parent, "file"), "");
    expect(() => openStateDir(join(parent, "file", "x"))).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });
});

describe("the admin token", () => {
  it("is made once, for the owner only, and works", async () => {
    const temp = await openTempStore();
    try {
      const { path, created } = await ensureAdminToken(temp.store.tokens, temp.dir);
      expect({ path, created }).toEqual({ path: adminTokenFile(temp.dir), created: true });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const token = readFileSync(path, "utf8").trim();
      expect(await temp.store.tokens.find(token)).toMatchObject({ name: "admin", role: "admin" });
      expect((await ensureAdminToken(temp.store.tokens, temp.dir)).created).toBe(false);
      expect(readFileSync(path, "utf8").trim()).toBe(token);
    } finally {
      await temp.close();
    }
  });

  it("is made again when a crash kept it from its file, and left alone when it was used and put elsewhere", async () => {
    const temp = await openTempStore();
    try {
      const lost = await temp.store.tokens.create("admin", "admin");
      expect((await ensureAdminToken(temp.store.tokens, temp.dir)).created).toBe(true);
      expect(await temp.store.tokens.find(lost.token)).toBeUndefined();
      const path = adminTokenFile(temp.dir);
      const token = readFileSync(path, "utf8").trim();
      expect(await temp.store.tokens.find(token)).toBeDefined();
      rmSync(path);
      expect((await ensureAdminToken(temp.store.tokens, temp.dir)).created).toBe(false);
      expect(await temp.store.tokens.find(token)).toBeDefined();
    } finally {
      await temp.close();
    }
  });
});
