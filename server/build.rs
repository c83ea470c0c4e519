//! The folder of the bundle has to exist when the binary is compiled, or its path is baked in unresolved and no file is
//! found later.

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=../dist");
    println!("cargo:rerun-if-changed=../migrations");
    std::fs::create_dir_all("../dist")
}
