import { didYouMean } from "./distance.ts";
import { DockerfileError, type Range } from "./source.ts";

/** What `RUN --device=` asks for. */
export interface RunDevice {
  name: string;
  required: boolean;
}

const yes = ["1", "t", "T", "TRUE", "true", "True"];
const no = ["0", "f", "F", "FALSE", "false", "False"];

/** Reads the value of `RUN --device=`: a name, and `required` where the command cannot do without. */
export function parseRunDevice(text: string, range: Range): RunDevice {
  const device: RunDevice = { name: "", required: false };
  for (const field of text.split(",")) {
    const fail = (message: string): never => {
      throw new DockerfileError(message, range, { near: field });
    };
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === "required") {
      if (value !== undefined && !yes.includes(value) && !no.includes(value))
        fail(`invalid value for ${key}: ${value}`);
      device.required = value === undefined || yes.includes(value);
    } else if (key === "name" && value !== undefined) {
      if (device.name !== "") fail(`device name already set to ${device.name}`);
      device.name = value;
    } else if (device.name === "") device.name = field;
    else if (value === undefined) fail(`invalid field '${field}' must be a key=value pair`);
    else fail(`unexpected key '${key}' in '${field}'${didYouMean(key, ["name", "required"])}`);
  }
  return device;
}
