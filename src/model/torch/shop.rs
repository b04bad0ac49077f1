//! Pool of models: lends each worker a model of its own over shared weights. Weights that are missing or of another shape are errors.
//!
//! rust-bert's models may move between threads but not be shared; their weights can be shared, because nothing writes to them.

use super::failed;
use crate::Result;
use std::sync::{Mutex, PoisonError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Builds a model whose variables are in a store.
type Build<T> = Box<dyn Fn(&VarStore) -> Result<T> + Send + Sync>;

/// The model pool.
pub(super) struct Shop<T> {
    pub(super) device: Device,
    build: Build<T>,
    weights: Mutex<Vec<(String, Tensor)>>,
    /// Idle models, with the stores that hold their variables.
    idle: Mutex<Vec<(T, VarStore)>>,
}

impl<T> Shop<T> {
    /// Builds the first model and reads `weight(name, shape)` for each of its variables.
    pub(super) fn open(build: Build<T>, weight: impl Fn(&str, &[usize]) -> Result<Vec<f32>>) -> Result<Self> {
        // One thread per worker: more would wait for each other.
        tch::set_num_threads(1);
        let device = Device::cuda_if_available();
        let store = VarStore::new(device);
        build(&store)?;
        let mut weights = Vec::new();
        let mut variables: Vec<(String, Tensor)> = store.variables().into_iter().collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, variable) in variables {
            let size = variable.size();
            let shape: Vec<usize> = size.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
            let values = weight(&name, &shape)?;
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let tensor = Tensor::f_from_data_size(&bytes, &size, Kind::Float).and_then(|t| t.f_to_device(device));
            weights.push((name, tensor.map_err(|e| failed(&e))?));
        }
        Ok(Self {
            device,
            build,
            weights: Mutex::new(weights),
            idle: Mutex::default(),
        })
    }

    /// Runs `work` on a model, without gradients.
    pub(super) fn with<R>(&self, work: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        let found = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (model, store) = found.map_or_else(|| self.another(), Ok)?;
        let result = tch::no_grad(|| work(&model));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((model, store));
        result
    }

    fn another(&self) -> Result<(T, VarStore)> {
        let store = VarStore::new(self.device);
        let model = (self.build)(&store)?;
        let mut variables = store.variables();
        let weights = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, weight) in weights.iter() {
            if let Some(variable) = variables.get_mut(name) {
                variable.set_data(weight);
            }
        }
        Ok((model, store))
    }
}

/// Token ids and attention mask of windows, `[windows, longest]`, padded at the right with `pad`.
pub(super) fn padded(windows: &[&[u32]], pad: i64, device: Device) -> (Tensor, Tensor) {
    let longest = windows.iter().map(|w| w.len()).max().unwrap_or(0);
    let mut ids = vec![pad; windows.len() * longest];
    let mut mask = vec![0_i64; windows.len() * longest];
    let rows = ids
        .chunks_exact_mut(longest.max(1))
        .zip(mask.chunks_exact_mut(longest.max(1)));
    for (window, (ids, mask)) in windows.iter().zip(rows) {
        ids.iter_mut()
            .zip(*window)
            .for_each(|(id, known)| *id = i64::from(*known));
        mask[..window.len()].fill(1);
    }
    let shape = [windows.len(), longest].map(|n| i64::try_from(n).unwrap_or(0));
    let tensor = |values: &[i64]| Tensor::from_slice(values).reshape(shape).to_device(device);
    (tensor(&ids), tensor(&mask))
}
