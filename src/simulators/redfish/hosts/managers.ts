// Manager.Reset: the BMC restarts; what it forgets, and for how long it is gone, is the personality's.
import { RedfishFailure } from "../http/failure.ts";
import type { Handlers, Part, PartContext } from "../part.ts";
import { isObject, type Resource, textOf, textsOf, urisOfType } from "../resources/tree.ts";
import { actionOf } from "./reset.ts";

const resetAction = "Manager.Reset";

export interface ManagersContext extends PartContext {
  /** Called once the reply is on its way. */
  readonly restart: () => void;
}

export class Managers implements Part {
  readonly #context: ManagersContext;
  /** The action by its target. */
  readonly #resets = new Map<string, Resource>();

  constructor(context: ManagersContext) {
    this.#context = context;
    for (const uri of urisOfType(context.tree, "Manager")) {
      const action = actionOf(context.tree.get(uri) ?? {}, resetAction);
      if (action !== undefined) this.#resets.set(textOf(action["target"]) ?? `${uri}/Actions/${resetAction}`, action);
    }
  }

  resource(): undefined {
    return undefined;
  }

  handlers(uri: string): Handlers | undefined {
    const action = this.#resets.get(uri);
    if (action === undefined) return undefined;
    return {
      POST: async (call) => {
        const type = isObject(call.body) ? call.body["ResetType"] : undefined;
        const allowed = textsOf(action["ResetType@Redfish.AllowableValues"]);
        if (typeof type === "string" && allowed.length > 0 && !allowed.includes(type)) {
          const args = [type, "ResetType", resetAction];
          throw new RedfishFailure(400, "ActionParameterValueNotInList", { args, condition: "resetValue" });
        }
        this.#context.restart();
        return { status: 204 };
      },
    };
  }
}
