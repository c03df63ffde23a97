// What is done on a state directory while no gateway runs on it.
import { MediabayError } from "../core/errors.ts";
import { exportedCa } from "../images/certificates.ts";
import type { Settings } from "../settings/schema.ts";
import { loadSealer, rotateKeyFile } from "../store/keys.ts";
import { openSqliteStore } from "../store/open-store.ts";
import { openStateDir } from "../store/state-dir.ts";
import { systemClock } from "../wire/clock.ts";
import { caFolder } from "./image-side.ts";
import { keySource } from "./start.ts";

/**
 * Seals every secret anew under a new key, which replaces the old one in the key file.
 * @throws MediabayError STATE_LOCKED while a gateway runs, SETTINGS_INVALID when the key is not in a file
 */
export const rotateKey = async (
  settings: Settings,
): Promise<{ readonly keyFile: string; readonly resealed: number }> => {
  const source = keySource(settings);
  if (source.kind !== "file") {
    throw new MediabayError(
      "SETTINGS_INVALID",
      "The sealing key does not come from a file, so it cannot be replaced here.",
      {
        field: "keys",
        hint: "Put the new key first and the old one after it in the variable or credential, and restart: new secrets take the first.",
      },
    );
  }
  const stateDir = openStateDir(settings.stateDir);
  try {
    const store = await openSqliteStore({
      stateDir: stateDir.path,
      sealer: await loadSealer(source),
      clock: systemClock,
    });
    try {
      return { keyFile: source.path, resealed: await rotateKeyFile(source.path, (key) => store.rotate(key)) };
    } finally {
      await store.close();
    }
  } finally {
    stateDir.release();
  }
};

/** The generated CA of the image plane, PEM. @throws MediabayError NOT_FOUND */
export const imageCa = async (settings: Settings): Promise<string> => {
  const ca = await exportedCa(caFolder(settings.stateDir));
  if (ca !== undefined) return ca;
  throw new MediabayError("NOT_FOUND", "No CA has been generated in this state directory.", {
    hint: "It is made at the first start with imagePlane.https enabled and without a certificate of your own.",
  });
};
