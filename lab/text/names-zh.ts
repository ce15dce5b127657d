import type { Messages } from './messages.ts';

/**
 * Titles of families, presets and rules, and summaries of rules, in Simplified Chinese, by id. The library's English
 * replaces missing lines.
 */
export const families: Messages['families'] = {
  'Exact gradient': '精确梯度',
  'Feedback pathways': '反馈通路',
  'Credit from one scalar': '单一标量的信用分配',
  'Energy and equilibrium': '能量与平衡态',
  'Error as a change in time': '以时间变化表示误差',
  'Target propagation': '目标传播',
  'Dendrites and prediction errors': '树突与预测误差',
};

export const presets: Messages['presets'] = {
  digits: 'MNIST 手写数字，小型网络 784-256-128-10',
  mnist: 'MNIST 手写数字，784-800-800-10，5 轮',
  'mnist-dropout': 'MNIST 手写数字，784-800-800-10，50 % dropout、最大范数约束与递增动量',
  microcircuit: 'MNIST 手写数字，树突微回路，784-500-500-10，10 轮（Sacramento 等，2018）',
  'microcircuit-in-time': '5000 个 MNIST 手写数字，连续时间的树突微回路，784-500-500-10，4 轮',
  'segregated-dendrites': 'MNIST 手写数字，分隔树突，784-500-10，20 轮（Guerguiev 等，2017）',
  fashion: 'Fashion-MNIST 服饰图像，784-800-800-10，10 轮',
  lenet: 'MNIST 手写数字，LeNet-5：两层卷积、最大池化、120-84-10，20 轮',
  'lenet-fashion': 'Fashion-MNIST 服饰图像，LeNet-5，20 轮',
  equilibrium: 'MNIST 手写数字，平衡传播，784-500-10，25 轮（Scellier 与 Bengio，2017）',
  'equilibrium-2': '同上，两个隐藏层，60 轮：单核约需一个半小时',
  'equilibrium-3': '同上，三个隐藏层，500 轮：单核需一天以上',
  bars: '横条与竖条，由亥姆霍兹机生成（Hinton 等，1995）',
  'digits-without-labels': 'MNIST 手写数字，受限玻尔兹曼机 784-500 加读出层（Hinton，2002）',
  'linear-teacher': '线性教师网络，30-20-10，逐样本学习（Lillicrap 等，2016）',
  'two-spirals': '平面上的双螺旋',
  rings: '平面上的同心圆环',
  'cart-pole': '倒立摆小车，演员-评论家方法，4-32-2 与 4-32-1',
  pendulum: '用微弱的连续力矩摆起单摆：演员与评论家各为 3-64-1；有所进步，但未能熟练掌握',
  bandit: '八种情境下的四臂赌博机：选出回报最高的一臂，每回合只选一次',
};

export const rules: Messages['rules'] = {
  backprop: {
    title: '反向传播',
    summary: '误差经前向权重的转置向下传递，得到精确梯度。',
  },
  'recurrent-backprop': {
    title: '循环反向传播',
    summary: '网络弛豫到不动点后求该点的精确梯度：误差沿同一组耦合弛豫。',
  },
  'feedback-alignment': {
    title: '反馈对齐',
    summary: '误差经固定的随机反馈权重向下传递，前向权重逐渐与之对齐。',
  },
  'direct-feedback-alignment': {
    title: '直接反馈对齐',
    summary: '输出误差经固定的随机权重直接送达每个隐藏层。',
  },
  'sign-symmetry': {
    title: '符号对称',
    summary: '误差经反馈权重向下传递；反馈权重只与前向权重符号相同，大小不同。',
  },
  'kolen-pollack': {
    title: 'Kolen–Pollack 规则',
    summary: '反馈权重与前向权重作相同的更新、按相同的速率衰减，两者因而趋于一致。',
  },
  'weight-mirror': {
    title: '权重镜像',
    summary: '两次更新之间，各脑区发放噪声，反馈权重由此学到前向权重的转置。',
  },
  'learned-feedback': {
    title: '习得反馈',
    summary: '与反馈对齐相同，但自上而下的权重会缓慢学习重构下方的活动。',
  },
  'serial-weight-perturbation': {
    title: '逐个权重扰动',
    summary: '每次只改动一个突触，再根据损失的变化保留、反转或放弃该改动。',
  },
  'weight-perturbation': {
    title: '权重扰动',
    summary: '同时扰动所有突触，再根据损失的变化决定强化该扰动的程度。',
  },
  'node-perturbation': {
    title: '节点扰动',
    summary: '扰动每个单元的输入，再根据损失的变化决定强化该扰动的程度。',
  },
  'forward-gradient': {
    title: '前向梯度',
    summary: '沿随机方向更新，幅度为损失在该方向上的精确导数，导数在前向计算中一并求出。',
  },
  reinforce: {
    title: 'REINFORCE',
    summary: '随机单元：若损失低于预期，就提高刚才所采样输出的概率。',
  },
  'equilibrium-propagation': {
    title: '平衡传播',
    summary: '网络先弛豫到平衡，再被轻推向目标；突触按前后两个局部乘积之差更新。',
  },
  recirculation: {
    title: '再循环',
    summary: '逐层自编码器的突触按活动循环一周后的变化更新；输出层读取编码。',
  },
  'two-pass': {
    title: '两次自上而下',
    summary: '先从预测、再从移向目标的预测各作一次自上而下的传递，从两次的变化中学习。',
  },
  'difference-target-propagation': {
    title: '差分目标传播',
    summary: '经习得的逆映射向下传递目标而非误差，并修正逆映射的偏差。',
  },
  'simplified-target-propagation': {
    title: '简化目标传播',
    summary: '标签本身经习得的逆映射向下传递：没有梯度穿过任何一层。',
  },
  'local-difference-reconstruction': {
    title: '局部差分重构',
    summary: '一种目标传播，其反馈学习前向通路雅可比矩阵的转置。',
  },
  'predictive-coding': {
    title: '预测编码',
    summary: '电位在自下而上的预测与目标之间弛豫，突触再减小余下的误差。',
  },
  'segregated-dendrites': {
    title: '分隔树突',
    summary: '每个细胞按有教师与无教师时平台电位之差学习。',
  },
  'dendritic-microcircuit': {
    title: '树突微回路',
    summary: '中间神经元抵消自上而下的输入，未被预测的部分用于教导基树突。',
  },
  'zero-divergence-inference': {
    title: '零散度推断',
    summary: '一种预测编码，突触恰在误差到达时更新；除舍入误差外，与反向传播相等。',
  },
  generec: {
    title: '广义再循环（GeneRec）',
    summary: '突触更新等于突触前的活动乘以输出被钳制到目标时突触后活动的变化。',
  },
  'contrastive-hebbian': {
    title: '对比赫布学习',
    summary: '输出钳制在目标上时作赫布更新，自由时作反赫布更新；反馈越弱，越接近反向传播。',
  },
  'vector-field-ep': {
    title: '向量场平衡传播',
    summary: '反馈权重独立的平衡传播：突触更新等于突触前的活动乘以突触后神经元的变化。',
  },
  boltzmann: {
    title: '玻尔兹曼机',
    summary: '处于热平衡的随机神经元：目标被钳制时作赫布更新，自由时作反赫布更新。',
  },
  'contrastive-divergence': {
    title: '对比散度',
    summary: '受限玻尔兹曼机为其下方的脑区建模：在数据上作赫布更新，在重构上作反赫布更新。',
  },
  'deep-belief-net': {
    title: '深度信念网络',
    summary: '逐层学习受限玻尔兹曼机，再加读出层，并用反向传播或醒睡算法微调。',
  },
  'wake-sleep': {
    title: '醒睡算法',
    summary: '醒时，自上而下的突触学习生成所见的样本；睡时，自下而上的突触学习识别生成的样本。',
  },
  autoencoder: {
    title: '堆叠自编码器',
    summary: '每个脑区学习从损坏的副本重构其下方脑区；误差最多只跨越一个投射。',
  },
};
