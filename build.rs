//! Where does the program find libtorch when it runs? Input: what torch-sys found when it was built. Output: that folder in the program's search path.
//! Does nothing without the `libtorch` feature.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let windows = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows");
    if let (Ok(folder), false) = (std::env::var("DEP_TCH_LIBTORCH_LIB"), windows) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
