//! Adds the libtorch folder that torch-sys found at build time to the program's library search path. Does nothing without the `libtorch` feature.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let windows = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows");
    if let (Ok(folder), false) = (std::env::var("DEP_TCH_LIBTORCH_LIB"), windows) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
