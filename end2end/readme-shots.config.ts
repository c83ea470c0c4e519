import shots from "./shots.config.js";

export default { ...shots, testMatch: "readme-shots.ts" };
